import { toJsonSchema } from '@valibot/to-json-schema';
import { capabilitiesOf, networks } from '../src/networks/index.ts';
import { capabilityNames, type FileLimits, type Network } from '../src/networks/network.ts';

interface Described {
  type?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Described[];
  items?: Described;
  properties?: Record<string, Described>;
}

/** The page on what each network takes, from what the code declares. `bun docs/networks.ts` writes it beside this file. */
export function networksPage(): string {
  const all = Object.values(networks);
  return `# What each network takes

Made by \`bun docs/networks.ts\` from the limits, capabilities and options that the code declares; a test keeps it so.
What one connected community can do is found by asking the network: \`GET /v1/communities/{id}/rights\`.

## Limits

${table(
  ['', ...all.map((network) => network.title)],
  [
    row('Text (UTF-16 code units)', all, ({ limits }) => String(limits.text.most)),
    row('Text beside media', all, ({ limits }) => String(limits.caption.most)),
    row('Items in one message', all, ({ limits }) => String(limits.media)),
    ...(['images', 'video', 'animation', 'audio', 'voice', 'document'] as const).map((kind) =>
      row(titles[kind], all, ({ limits }) => files(limits[kind])),
    ),
    row('Poll', all, ({ limits: { poll } }) =>
      poll === null
        ? 'no'
        : `question ${poll.question}, ${poll.least}–${poll.most} answers of ${poll.option}`,
    ),
  ],
)}

## Capabilities

${table(
  ['', ...all.map((network) => network.title)],
  // Counted figures are another page's matter.
  capabilityNames
    .filter((name) => name !== 'statistics')
    .map((name) => row(name, all, (network) => (capabilitiesOf(network).includes(name) ? 'yes' : 'no'))),
)}
${all.map(options).join('')}`;
}

const titles = {
  images: 'Images',
  video: 'Videos',
  animation: 'Animations (GIF)',
  audio: 'Audio',
  voice: 'Voice',
  document: 'Documents',
} as const;

function row(title: string, all: readonly Network[], cell: (network: Network) => string): string[] {
  return [title, ...all.map(cell)];
}

function files({ most, bytes, mimes }: FileLimits): string {
  if (most === 0) return 'no';
  const kinds = mimes === null ? '' : `, ${mimes.map((mime) => mime.split('/')[1]).join(' ')}`;
  const size = `${Math.floor(bytes / 1_048_576).toLocaleString('en-US')} MB`;
  return `${most} × ${size}${kinds}`;
}

function options(network: Network): string {
  const fields = (schema: Network['options']) =>
    Object.entries(
      (
        toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' }) as {
          properties?: Record<string, Described>;
        }
      ).properties ?? {},
    ).map(([name, field]) => [`\`${name}\``, told(field)]);
  return `
## ${network.title}: options of a post

${table(['option', 'what it does'], fields(network.options))}

## ${network.title}: settings of a community

${table(['setting', 'what it does'], fields(network.settings))}
`;
}

/** What it does, and what may stand there, from its JSON Schema. */
function told(field: Described): string {
  const inner = field.anyOf?.find((one) => one.type !== 'null') ?? field;
  const words = field.description ?? inner.description ?? '';
  const nested = Object.entries(inner.properties ?? {}).map(
    ([name, one]) => `\`${name}\` ${one.description ?? valuesOf(one)}`,
  );
  const values = nested.length > 0 ? nested.join('; ') : valuesOf(inner);
  return [words, values === '' ? '' : `(${values})`].filter(Boolean).join(' ').replaceAll('|', '\\|');
}

function valuesOf(field: Described): string {
  if (field.enum) return field.enum.map((one) => JSON.stringify(one)).join(', ');
  if (field.anyOf) return field.anyOf.map(valuesOf).filter(Boolean).join(', ');
  if (field.const !== undefined) return JSON.stringify(field.const);
  if (field.type === 'array' && field.items) return `a list of ${valuesOf(field.items) || 'values'}`;
  if (field.type === 'object') return `{${Object.keys(field.properties ?? {}).join(', ')}}`;
  return field.type ?? '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) await Bun.write(new URL('networks.md', import.meta.url), networksPage());
