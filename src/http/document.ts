import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Hono } from 'hono';
import { generateSpecs, resolver } from 'hono-openapi';
import type { OpenAPIV3_1 } from 'openapi-types';
import * as v from 'valibot';
import { sessionCookieName } from '../auth/session.ts';
import type { Config } from '../config.ts';
import { isUnsafe } from './browser.ts';
import { Problem } from './problem.ts';
import { type AppEnv, operation, routes } from './route.ts';

const problemType = 'application/problem+json';
const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

type Described = OpenAPIV3_1.OperationObject & {
  'x-scope'?: string;
  'x-keyed'?: boolean;
  'x-refusals'?: number[];
};

/** The OpenAPI 3.1 document of every route, generated from the schemas that validate. */
export async function describeApi(app: Hono<AppEnv>, config: Pick<Config, 'publicUrl'>) {
  const document = (await generateSpecs(app, {
    documentation: {
      openapi: '3.1.0',
      info: {
        title: 'Outpost',
        version: '1',
        description:
          'Publishes posts to social networks at the minute they are due, once. Refusals are `application/problem+json` (RFC 9457). Send `Idempotency-Key` with a POST, PATCH or DELETE to be able to repeat it safely.',
        license: { name: 'AGPL-3.0-only', identifier: 'AGPL-3.0-only' },
      },
      // Relative: the page works under each address that reaches this process, and under its own CSP.
      servers: [{ url: '/' }],
      tags: ['Posts', 'Publications', 'Communities', 'Media', 'Account', 'API keys', 'System', 'Pages'].map(
        (name) => ({
          name,
        }),
      ),
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key, `sk_…`.' },
          session: { type: 'apiKey', in: 'cookie', name: sessionCookieName(config) },
        },
      },
    },
    defaultValidationErrorResponse: false,
    excludeStaticFile: false,
  })) as unknown as OpenAPIV3_1.Document;

  const problem = await resolver(Problem).toOpenAPISchema();
  document.components ??= {};
  document.components.schemas = { ...document.components.schemas, ...problem.components?.schemas };
  for (const item of Object.values(document.paths ?? {})) {
    for (const method of methods) {
      const described = item?.[method];
      if (described) complete(described, method.toUpperCase());
    }
  }
  return document;
}

/** Adds what follows from a route's shape: the problems that can happen, and the headers that are read. */
function complete(described: Described, method: string): void {
  const { 'x-scope': scope, 'x-keyed': keyed = false, 'x-refusals': refusals = [] } = described;
  const guarded = (described.security?.length ?? 0) > 0;
  const parameters = described.parameters ?? [];
  const repeatable = keyed && guarded && isUnsafe(method);
  const statuses = new Set<number>([...refusals, 500, 503]);
  const add = (when: boolean, ...more: number[]) => {
    if (when) for (const status of more) statuses.add(status);
  };
  // 404: the workspace of the header; 403: the scope and the cross-site rule.
  add(guarded, 401, 403, 404);
  add(!guarded && isUnsafe(method), 403);
  add(parameters.length > 0, 422);
  add(isUnsafe(method), 400, 413);
  add(described.requestBody !== undefined, 415, 422);
  add(repeatable, 409, 422);
  described.responses = {
    ...described.responses,
    ...Object.fromEntries(
      [...statuses].sort().map((status) => [
        String(status),
        {
          description: 'Refused',
          content: {
            // A route may have a way of refusing of its own beside ours.
            ...(described.responses?.[status] as OpenAPIV3_1.ResponseObject | undefined)?.content,
            [problemType]: { schema: { $ref: '#/components/schemas/Problem' } },
          },
        },
      ]),
    ),
  };
  const header = (name: string, description: string, schema: OpenAPIV3_1.ParameterObject['schema']) =>
    ({ in: 'header', name, description, schema }) as const;
  described.parameters = [
    ...parameters,
    ...(guarded
      ? [
          header('Outpost-Workspace', 'Workspace to work in; default: the first.', {
            type: 'string',
            format: 'uuid',
          }),
        ]
      : []),
    ...(repeatable
      ? [
          header('Idempotency-Key', 'The same request with the same key gets the first answer for 7 days.', {
            type: 'string',
            minLength: 1,
            maxLength: 255,
          }),
        ]
      : []),
  ];
  if (guarded && scope && scope !== 'signed_in') {
    described.description = `${described.description ? `${described.description}\n\n` : ''}Scope of a key: \`${scope}\`.`;
  }
  delete described['x-scope'];
  delete described['x-keyed'];
  delete described['x-refusals'];
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outpost API</title>
<link rel="icon" href="data:,">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const start = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });
`;

const assets: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** `/openapi.json` and a page that reads it. `whole` answers the app that the document is about. */
export function documentRoutes(whole: () => Hono<AppEnv>) {
  let made: Promise<OpenAPIV3_1.Document> | undefined;
  return routes()
    .get(
      '/openapi.json',
      operation({
        id: 'getDocument',
        tag: 'System',
        summary: 'This document',
        scope: 'public',
        answers: { 200: v.looseObject({ openapi: v.literal('3.1.0') }) },
      }),
      async (c) => {
        made ??= describeApi(whole(), c.var.ctx.config);
        return c.json((await made) as object, 200);
      },
    )
    .get(
      '/docs',
      operation({
        id: 'readDocument',
        tag: 'Pages',
        summary: 'This document as a page',
        scope: 'public',
        answers: { 200: { files: ['text/html'] } },
      }),
      (c) => c.html(page),
    )
    .get(
      '/docs/:file',
      operation({
        id: 'getDocumentPart',
        tag: 'Pages',
        summary: 'A part of the page',
        scope: 'public',
        answers: { 200: { files: ['text/css', 'text/javascript'] } },
        refusals: ['not_found'],
      }),
      async (c) => {
        const file = c.req.param('file') ?? '';
        const type = file === 'start.js' ? 'text/javascript; charset=utf-8' : assets[file];
        if (!type) return c.notFound();
        const body = file === 'start.js' ? start : await readPackaged(file);
        return c.body(body, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=3600' });
      },
    );
}

/** Found by the module resolver, so that any install layout will do. */
async function readPackaged(file: string): Promise<string> {
  return readFile(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${file}`)), 'utf8');
}
