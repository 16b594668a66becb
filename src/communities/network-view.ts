import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { capabilitiesOf, networks } from '../networks/index.ts';
import { capabilityNames, type FileLimits, type Network } from '../networks/network.ts';

const Length = v.strictObject({ most: v.number(), unit: v.picklist(['utf16_code_units']) });
const Files = v.strictObject({
  most: v.pipe(v.number(), v.description('In one message; 0: none.')),
  bytes: v.number(),
  mimes: v.pipe(v.nullable(v.array(v.string())), v.description('null: any.')),
});
const JsonSchema = v.record(v.string(), v.unknown());

/** A network as the API shows it. */
export const NetworkSchema = v.pipe(
  v.strictObject({
    name: v.string(),
    title: v.string(),
    limits: v.pipe(
      v.strictObject({
        text: Length,
        caption: v.pipe(Length, v.description('The text beside media.')),
        media: v.pipe(v.number(), v.description('Items of all kinds together.')),
        images: Files,
        video: Files,
        animation: Files,
        audio: Files,
        voice: Files,
        document: Files,
        poll: v.nullable(
          v.strictObject({ question: v.number(), option: v.number(), least: v.number(), most: v.number() }),
        ),
      }),
      v.description('At best; what a connection can do stands in its own `capabilities`.'),
    ),
    capabilities: v.pipe(
      v.array(v.picklist(capabilityNames)),
      v.description('What it can do at best; what a connection can do stands in its own `capabilities`.'),
    ),
    options: v.pipe(JsonSchema, v.description('JSON Schema of what one post may ask of this network.')),
    settings: v.pipe(JsonSchema, v.description('JSON Schema of the `settings` of a community.')),
    connect: v.strictObject({
      credentials: v.pipe(JsonSchema, v.description('JSON Schema of `credentials`.')),
      external_id: v.pipe(v.string(), v.description('What to give as `external_id`, in plain words.')),
      ways: v.pipe(
        v.array(v.picklist(['paste', 'invitation', 'sign_in'])),
        v.description(
          'paste: POST /v1/communities with credentials. invitation: POST /v1/connections with credentials. sign_in: POST /v1/connections with a kind.',
        ),
      ),
      sign_in: v.array(
        v.strictObject({
          kind: v.string(),
          title: v.string(),
          group_ids: v.pipe(v.boolean(), v.description('Whether the communities are named beforehand.')),
        }),
      ),
    }),
  }),
  v.metadata({ ref: 'Network' }),
);
type NetworkView = v.InferOutput<typeof NetworkSchema>;

let shown: NetworkView[] | null = null;

/** Every network with its limits and what connecting takes; the same for everybody. */
export function listNetworks(): NetworkView[] {
  shown ??= Object.values(networks).map(view);
  return shown;
}

function view(network: Network): NetworkView {
  const { limits, signIn } = network;
  const { text, caption, media, poll } = limits;
  return {
    name: network.name,
    title: network.title,
    limits: {
      text,
      caption,
      media,
      images: files(limits.images),
      video: files(limits.video),
      animation: files(limits.animation),
      audio: files(limits.audio),
      voice: files(limits.voice),
      document: files(limits.document),
      poll,
    },
    capabilities: capabilitiesOf(network),
    options: jsonSchema(network.options),
    settings: jsonSchema(network.settings),
    connect: {
      credentials: withoutFields(jsonSchema(network.credentials), network.rotating ?? []),
      external_id: network.externalIdHelp,
      ways: [
        'paste',
        ...(network.invite ? (['invitation'] as const) : []),
        ...(signIn ? (['sign_in'] as const) : []),
      ],
      sign_in: Object.entries(signIn?.kinds ?? {}).map(([kind, { title, places }]) => ({
        kind,
        title,
        group_ids: places,
      })),
    },
  };
}

function files({ most, bytes, mimes }: FileLimits): v.InferOutput<typeof Files> {
  return { most, bytes, mimes: mimes === null ? null : [...mimes] };
}

/** What comes by signing in alone is not to be given. */
function withoutFields(schema: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const properties = { ...(schema.properties as Record<string, unknown> | undefined) };
  for (const name of names) delete properties[name];
  return { ...schema, properties };
}

/** Checks across fields have no word in JSON Schema; they are told when something is given. */
function jsonSchema(schema: v.GenericSchema): Record<string, unknown> {
  return { ...toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore' }) };
}
