import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { origin } from '../http/browser.ts';
import { IdParams, jsonBody, type Operation, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { answerSql, engineVersion } from './answer.ts';
import { contentTypeOf, contentTypes } from './formats.ts';
import { bodyMost } from './limits.ts';
import { queries } from './queries.ts';
import { Refusal } from './refusal.ts';
import {
  changeSavedQuery,
  deleteSavedQuery,
  getSavedQuery,
  listSavedQueries,
  NewSavedQuery,
  SavedQueryChange,
  SavedQuerySchema,
  saveQuery,
} from './saved.ts';
import { views } from './views.ts';

const SqlSchema = v.strictObject({
  views: v.array(
    v.strictObject({
      name: v.string(),
      about: v.string(),
      parameters: v.array(v.strictObject({ name: v.string(), type: v.string(), about: v.string() })),
      columns: v.array(
        v.strictObject({
          name: v.string(),
          type: v.string(),
          about: v.string(),
          unknown: v.pipe(v.nullable(v.string()), v.description('What null says; null: there is none.')),
        }),
      ),
    }),
  ),
  queries: v.array(
    v.strictObject({
      name: v.string(),
      title: v.string(),
      sql: v.string(),
      parameters: v.pipe(v.array(v.string()), v.description('Values to give as `param_<name>`.')),
    }),
  ),
});

const refused = { files: ['text/plain'] };
const asked = {
  tag: 'Analytics',
  scope: 'analytics:sql',
  asClickHouse: true,
  answers: {
    200: { files: contentTypes },
    400: refused,
    404: refused,
    429: refused,
    500: refused,
  },
} satisfies Partial<Operation>;

const saved = { tag: 'Analytics', scope: 'analytics:sql' } satisfies Partial<Operation>;

export const analystRoutes = routes()
  .post(
    '/v1/analytics/sql',
    operation({
      ...asked,
      id: 'askSql',
      summary: 'One SELECT in ClickHouse’s HTTP dialect',
      description:
        'The query in the body or as `query`; `default_format`, `param_<name>`, `database`, `query_id` and settings of the ' +
        'output as ClickHouse takes them. A key may also be given as Basic password or as `X-ClickHouse-Key`. Refusals of ' +
        'a query are ClickHouse’s exceptions, `Code: 62. DB::Exception: …`, as text/plain; the header `Outpost-Refused-By` ' +
        'tells whose words they are, `outpost` or `clickhouse`.',
      bodyLimit: bodyMost,
      idempotent: false,
    }),
    async (c) => answer(c.var.ctx, c.var.who, c.req.raw, new Uint8Array(await c.req.arrayBuffer())),
  )
  .get(
    '/v1/analytics/sql',
    operation({ ...asked, id: 'askSqlByAddress', summary: 'The same, with the query in the address' }),
    async (c) => {
      // The cookie comes along from links on other sites: they could have queries run.
      if (c.var.who.kind === 'user' && origin(c.req.raw.headers, c.var.ctx.config) !== 'own') {
        throw new AppError(
          'cross_site',
          `Requests with a session must come from ${c.var.ctx.config.publicUrl}.`,
        );
      }
      // As ClickHouse greets at its own address.
      return c.req.query('query') === undefined
        ? greeting()
        : answer(c.var.ctx, c.var.who, c.req.raw, new Uint8Array());
    },
  )
  .get(
    '/v1/analytics/sql/ping',
    operation({
      ...asked,
      id: 'pingSql',
      summary: 'Answers «Ok.»',
      answers: { 200: { files: ['text/plain'] } },
    }),
    () => greeting(),
  )
  .get(
    '/v1/analytics/sql/schema',
    operation({
      id: 'getSqlSchema',
      tag: 'Analytics',
      summary: 'The views that SQL can ask, column by column, and ready queries',
      scope: 'analytics:sql',
      answers: { 200: SqlSchema },
    }),
    (c) =>
      c.json(
        {
          views: views.map(({ name, about, parameters, columns }) => ({
            name: `analyst.${name}`,
            about,
            parameters: [...parameters],
            columns: columns.map((column) => ({ ...column, unknown: column.unknown ?? null })),
          })),
          queries: queries.map(({ name, title, sql, parameters }) => ({
            name,
            title,
            sql,
            parameters: Object.keys(parameters),
          })),
        },
        200,
      ),
  )
  .post(
    '/v1/saved-queries',
    operation({
      ...saved,
      id: 'saveQuery',
      summary: 'Keep a query for everybody of the workspace',
      answers: { 201: SavedQuerySchema },
    }),
    jsonBody(NewSavedQuery),
    async (c) => c.json(await saveQuery(c.var.ctx, c.var.who, c.req.valid('json')), 201),
  )
  .get(
    '/v1/saved-queries',
    operation({
      ...saved,
      id: 'listSavedQueries',
      summary: 'Queries that are kept, newest first',
      answers: { 200: listOf(SavedQuerySchema) },
    }),
    query(ListQuery),
    async (c) => c.json(await listSavedQueries(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/saved-queries/:id',
    operation({
      ...saved,
      id: 'getSavedQuery',
      summary: 'One query that is kept',
      answers: { 200: SavedQuerySchema },
    }),
    params(IdParams),
    async (c) => c.json(await getSavedQuery(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .patch(
    '/v1/saved-queries/:id',
    operation({
      ...saved,
      id: 'changeSavedQuery',
      summary: 'Change the name or the text of a query that is kept',
      answers: { 200: SavedQuerySchema },
    }),
    params(IdParams),
    jsonBody(SavedQueryChange),
    async (c) => {
      const { id } = c.req.valid('param');
      return c.json(await changeSavedQuery(c.var.ctx, c.var.who, id, c.req.valid('json')), 200);
    },
  )
  .delete(
    '/v1/saved-queries/:id',
    operation({
      ...saved,
      id: 'deleteSavedQuery',
      summary: 'Forget a query that is kept',
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await deleteSavedQuery(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

function greeting(): Response {
  return new Response('Ok.\n', { headers: { 'Content-Type': 'text/plain; charset=UTF-8' } });
}

async function answer(ctx: Context, who: Who, request: Request, body: Uint8Array): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const { headers, signal } = request;
  try {
    const found = await answerSql(ctx, who, { address: searchParams, headers, body, signal });
    const { question, rows, bytes, seconds } = found;
    return new Response(found.body, {
      headers: {
        'Content-Type': contentTypeOf(question.format),
        'X-ClickHouse-Format': question.format,
        'X-ClickHouse-Query-Id': question.queryId,
        'X-ClickHouse-Timezone': 'UTC',
        'X-ClickHouse-Summary': JSON.stringify({
          result_rows: String(rows),
          result_bytes: String(bytes),
          elapsed_ns: String(Math.round(seconds * 1e9)),
        }),
      },
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refusal(error, await engineVersion(ctx));
  }
}

function refusal({ code, type, message, status, retryAfter, by }: Refusal, version: string): Response {
  const text = message.endsWith('.') ? message : `${message}.`;
  return new Response(`Code: ${code}. DB::Exception: ${text} (${type}) (version ${version})\n`, {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=UTF-8',
      'X-ClickHouse-Exception-Code': String(code),
      'Outpost-Refused-By': by,
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) }),
    },
  });
}
