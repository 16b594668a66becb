import { expect, test } from 'bun:test';
import { join, posix } from 'node:path';

/** A room is a folder of src, or a file at its root without `.ts`. */
interface Rule {
  /** Rooms, or single files as `http/app`. Doors are in no list: see {@link mayImport}. */
  may: readonly string[];
}

const leaves = ['errors', 'log', 'metrics', 'queues', 'timezone', 'launcher'];
/** The right may import the left, never back. */
const slices = [
  'workspaces',
  'auth',
  'work',
  'media',
  'communities',
  'live',
  'analytics',
  'slots',
  'publishing',
  'acts',
  'posts',
  'series',
  'inbound',
  'collecting',
  'analyst',
  'insights',
  'reports',
  'operator',
];
const forSlices = [
  'config',
  'context',
  'crypto',
  'errors',
  'interval',
  'log',
  'metrics',
  'networks',
  'outside',
  'page',
  'queues',
  'text',
  'timezone',
  'stores/postgres',
];
/** The one slice that asks the engine without its client. */
const ofAnalyst = ['stores/clickhouse', 'stores/jail'];

/** Who may import whom; each may import its own room. */
const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(leaves.map((leaf) => [leaf, { may: [] }])),
  interval: { may: ['log'] },
  durations: { may: [] },
  config: { may: ['durations', 'errors'] },
  crypto: { may: ['errors'] },
  outside: { may: ['errors'] },
  page: { may: ['errors'] },
  context: { may: ['config', 'crypto', 'log', 'stores'] },
  stores: { may: ['config', 'context', 'crypto', 'errors', 'log', 'queues'] },
  networks: { may: ['errors', 'log', 'text'] },
  text: { may: [] },
  ...Object.fromEntries(
    slices.map((slice, index) => [
      slice,
      {
        may: [...forSlices, ...(slice === 'analyst' ? ofAnalyst : []), ...slices.slice(0, index)],
      },
    ]),
  ),
  http: { may: ['config', 'context', 'crypto', 'errors', 'log', 'metrics', 'networks', 'auth'] },
  jobs: { may: ['context'] },
  main: {
    may: ['auth/pepper', 'config', 'context', 'errors', 'http/app', 'jobs', 'launcher', 'log', 'stores/open'],
  },
  commands: {
    may: [
      'analyst/provision',
      'auth/user',
      'config',
      'errors',
      'networks/error',
      'networks/telegram/session/sign-in',
      'stores/open',
    ],
  },
  // A stand-in that knew the product's code could share its mistakes.
  sandbox: { may: [] },
  demo: { may: ['config', 'errors', 'log', 'main', 'sandbox', 'stores/embedded', 'timezone'] },
};

/** Packages that are met in one place, behind functions of our own. */
const packages: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(lucia|oslo|@lucia-auth)\b/, ['auth']],
  [/^(pg-boss|postgres|chdb|@clickhouse)\b/, ['stores']],
  [/^(grammy|vk-io|@mtcute)\b/, ['networks']],
  [/^(hono|hono-openapi|openapi-types|swagger-ui-dist)\b/, ['http']],
  [/^sharp\b/, ['media', 'sandbox', 'demo']],
  [/^pino\b/, ['log']],
  [/^rrule-temporal\b/, ['series']],
  [/^(pdfkit|fontkit|wasm-xlsxwriter|@zip\.js|@expo-google-fonts)\b/, ['reports']],
  [/^(mdast|micromark)\b/, ['text']],
  [/^htmlparser2\b/, ['text', 'networks']],
];

/** Words that belong to few files, and why nobody else may say them. */
const words: readonly (readonly [RegExp, readonly string[], string])[] = [
  [
    /\b(process|Bun|import\.meta)\.env\b/,
    ['config', 'main', 'commands', 'demo/main'],
    'reads the environment',
  ],
  [/\bMath\.random\b/, ['sandbox'], 'uses Math.random'],
  [/\bconsole\./, ['main', 'commands', 'demo/main', 'sandbox/main'], 'writes to the console'],
];

const isDoor = (file: string) => /^[^/]+\/(routes|jobs)$/.test(file);

/** Everything in a source that breaks a rule, in words. `file` is its path in src without `.ts`. */
function faultsOf(file: string, source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
  const [room = ''] = file.split('/');
  const rule = rules[room];
  if (!rule) return [`${file}: no rule for ${room}`];
  const faults = importsOf(code).flatMap((name) => {
    if (!name.startsWith('.')) {
      const fault = packages.some(([pattern, homes]) => pattern.test(name) && !homes.includes(room));
      return fault ? [`${file} imports the package ${name}`] : [];
    }
    const target = posix.join(posix.dirname(file), name);
    if (target === '../package.json') return [];
    if (target === '../web/manifest.ts' && file === 'http/web') return [];
    if (target.startsWith('..')) return [`${file} imports ${name} from outside src`];
    if (/^sandbox\/schema\/.*\.json$/.test(target) && room === 'sandbox') return [];
    if (!target.endsWith('.ts')) return [`${file} imports ${name} without .ts`];
    return mayImport(file, room, rule, target.slice(0, -3)) ? [] : [`${file} imports ${target}`];
  });
  for (const [pattern, homes, what] of words) {
    if (pattern.test(code) && !homes.includes(file) && !homes.includes(room)) faults.push(`${file} ${what}`);
  }
  return faults;
}

/** Routes are imported by http/app alone, job handlers by the job runner alone; doors may use http. */
function mayImport(file: string, room: string, rule: Rule, target: string): boolean {
  const [targetRoom = ''] = target.split('/');
  if (isDoor(target)) return target.endsWith('/routes') ? file === 'http/app' : file === 'jobs';
  if (targetRoom === 'http' && isDoor(file)) return true;
  return targetRoom === room || rule.may.includes(targetRoom) || rule.may.includes(target);
}

/** Static, dynamic and type-only imports; the transpiler alone drops the last. */
function importsOf(code: string): string[] {
  const scanned = new Bun.Transpiler({ loader: 'ts' }).scanImports(code).map(({ path }) => path);
  const typed = [...code.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s*'([^']+)'/gm)].map(
    ([, path = '']) => path,
  );
  const inline = [...code.matchAll(/\bimport\(\s*'([^']+)'/g)].map(([, path = '']) => path);
  return [...new Set([...scanned, ...typed, ...inline])];
}

const src = join(import.meta.dir, '..', 'src');

test('every source imports only what its room may import', async () => {
  const files = [...new Bun.Glob('**/*.ts').scanSync(src)].sort();
  expect(files.length).toBeGreaterThan(50);
  const faults = await Promise.all(
    files.map(async (file) => faultsOf(file.slice(0, -3), await Bun.file(join(src, file)).text())),
  );
  expect(faults.flat()).toEqual([]);
});

test.each(
  [
    ['posts/post', "import { a } from '../sources/source.ts';", 'posts/post imports sources/source.ts'],
    ['media/media', "import type { Post } from '../posts/show.ts';", 'media/media imports posts/show.ts'],
    [
      'media/media',
      "import {\n  type Post,\n  b,\n} from '../posts/show.ts';",
      'media/media imports posts/show.ts',
    ],
    ['media/media', "export type { Post } from '../posts/show.ts';", 'media/media imports posts/show.ts'],
    ['media/media', "type A = import('../posts/show.ts').Post;", 'media/media imports posts/show.ts'],
    ['media/media', "await import('../posts/show.ts');", 'media/media imports posts/show.ts'],
    ['media/media', "import '../posts/show.ts';", 'media/media imports posts/show.ts'],
    ['posts/post', "import { a } from '../http/route.ts';", 'posts/post imports http/route.ts'],
    ['posts/post', "import { a } from './routes.ts';", 'posts/post imports posts/routes.ts'],
    ['publishing/jobs', "import { a } from '../media/jobs.ts';", 'publishing/jobs imports media/jobs.ts'],
    [
      'publishing/publish',
      "import { a } from '../stores/embedded.ts';",
      'publishing/publish imports stores/embedded.ts',
    ],
    [
      'publishing/publish',
      "import { a } from '../sandbox/server.ts';",
      'publishing/publish imports sandbox/server.ts',
    ],
    ['networks/vk', "import type { Context } from '../context.ts';", 'networks/vk imports context.ts'],
    ['sandbox/server', "import { vk } from '../networks/vk.ts';", 'sandbox/server imports networks/vk.ts'],
    ['http/app', "import { a } from '../stores/open.ts';", 'http/app imports stores/open.ts'],
    ['errors', "import { a } from './config.ts';", 'errors imports config.ts'],
    ['posts/post', "import { Lucia } from 'lucia';", 'posts/post imports the package lucia'],
    ['posts/post', "import { Parser } from 'htmlparser2';", 'posts/post imports the package htmlparser2'],
    ['posts/post', "import { a } from '../errors';", 'posts/post imports ../errors without .ts'],
    [
      'posts/post',
      "import { a } from '../../test/harness.ts';",
      'posts/post imports ../../test/harness.ts from outside src',
    ],
    ['posts/post', 'const a = process.env.PORT;', 'posts/post reads the environment'],
    ['posts/post', 'const a = Bun.env.PORT;', 'posts/post reads the environment'],
    ['posts/post', 'const a = Math.random();', 'posts/post uses Math.random'],
    ['posts/post', "console.log('a');", 'posts/post writes to the console'],
    ['helpers/post', 'const a = 1;', 'helpers/post: no rule for helpers'],
  ].map(([file = '', source = '', fault = '']) => [fault, file, source] as const),
)('noticed: %s', (fault, file, source) => {
  expect(faultsOf(file, source)).toEqual([fault]);
});

test.each([
  [
    'posts/post',
    "import type { Tx } from '../stores/postgres.ts';\nimport { media } from '../media/media.ts';",
  ],
  ['posts/routes', "import { routes } from '../http/route.ts';"],
  ['http/app', "import { postRoutes } from '../posts/routes.ts';"],
  ['jobs', "import { postJobs } from './posts/jobs.ts';"],
  [
    'posts/post',
    '// console.log, process.env and Math.random are only spoken of\n/** console.log */\nconst a = 1;',
  ],
  ['posts/post', "const text = `the row from '-180' to '180'`;"],
  ['sandbox/telegram/send', 'const a = Math.random();'],
])('%s may do what its room allows', (file, source) => {
  expect(faultsOf(file, source)).toEqual([]);
});
