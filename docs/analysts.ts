import { formats } from '../src/analyst/formats.ts';
import { allowedFunctions } from '../src/analyst/functions.ts';
import { limits, queriesPerMinute, rowsMost } from '../src/analyst/limits.ts';
import { queries } from '../src/analyst/queries.ts';
import { systemViews, type View, views } from '../src/analyst/views.ts';
import { defaultDurations } from '../src/durations.ts';

/** The page for analysts, with views and queries as the code has them. `bun docs/analysts.ts` writes it beside this file. */
export function analystsPage(): string {
  return `# SQL for analysts

Made by \`bun docs/analysts.ts\` from the views and queries that the code declares; tests run them.

\`POST /v1/analytics/sql\` answers one SELECT over the figures of one workspace, in ClickHouse’s SQL and its HTTP dialect.
Ids and numbers are here; titles of communities and texts of posts are not: \`GET /v1/communities\` and \`GET /v1/posts\`
have them. Figures come from ClickHouse, by the built-in engine or by a server; both understand the same SQL.

\`\`\`sh
curl "$OUTPOST/v1/analytics/sql?default_format=JSON" -H "Authorization: Bearer $KEY" \\
  -d 'select kind, count() as posts from posts_v1 group by kind'
\`\`\`

The key needs the scope \`analytics:sql\` (\`POST /v1/api-keys\`). It may come as a bearer token, as the password of Basic
credentials (any user), or as \`X-ClickHouse-Key\`; never in the address, where it would be kept in logs. The session of
the dashboard works as well.

## Clients

Run against it:

- **@clickhouse/client** 1.23 (a test does so): queries, values, streams, pings, errors with ClickHouse’s codes.

  \`\`\`ts
  createClient({ url: 'https://outpost.example.org', pathname: '/v1/analytics/sql', password: key, database: 'analyst' });
  \`\`\`
${clients}
Not run: Grafana’s ClickHouse data source, DBeaver and other clients of JDBC. What they ask for first is answered
(\`version()\`, \`timezone()\`, ${Object.keys(systemViews)
    .map((name) => `\`system.${name}\``)
    .join(
      ', ',
    )}, \`SHOW TABLES\`, \`SHOW DATABASES\`, \`DESCRIBE TABLE\`, \`EXISTS TABLE\`), with the views and nothing else;
they have to be told the path \`/v1/analytics/sql\`, and not to ask for compressed answers.

## The dialect

| | |
| --- | --- |
| query | in the body, in \`query\`, or begun there and gone on with in the body; POST or GET |
| values | \`{name:Type}\` in the query, \`param_name\` in the address; not \`Identifier\` |
| format | \`FORMAT …\` at the end of the query, else \`default_format\`, else the header \`X-ClickHouse-Format\`, else TabSeparated |
| database | \`analyst\`; names without one are of it |
| settings | those that change how an answer is written, \`session_timezone\`, \`join_use_nulls\`, \`max_result_rows\`, \`max_execution_time\`, \`result_overflow_mode\` in the address; what clients send by themselves is passed over; any other is refused (115), and so is SETTINGS in a query |
| answers | whole when they begin: a failure always has its own status. Not compressed |
| failures | \`Code: 62. DB::Exception: … (SYNTAX_ERROR) (version …)\` as text, the number in \`X-ClickHouse-Exception-Code\`; 400, 404 or 429, or 500 where it is not the query’s fault. Keys and scopes are refused as everywhere, with \`application/problem+json\` |
| headers | \`X-ClickHouse-Format\`, \`X-ClickHouse-Query-Id\`, \`X-ClickHouse-Timezone\`, \`X-ClickHouse-Summary\` |

Formats: ${formats.join(', ')}.

## What a query may be

One SELECT, with joins, subqueries, WITH, UNION, windows and parameters. It reads the views below, \`numbers(n)\` and
\`generate_series(a, b)\`, and calls those ${allowedFunctions.length} functions that look at their arguments alone: no files,
addresses, dictionaries, settings or states of aggregates. Left out as well: SETTINGS, INTO OUTFILE, WITH RECURSIVE,
\`COLUMNS(…)\`, \`APPLY\`, SAMPLE, EXPLAIN. Columns named like a refused word have to be quoted.

| limit | |
| --- | --- |
| time | ${defaultDurations.analystQuery / 1_000} s (159) |
| rows of an answer | ${rowsMost.toLocaleString('en-US')} (396) |
| memory | ${Number(limits.max_memory_usage) / 1_048_576} MB; large groups and sorts go to disk at half of it (241) |
| at once | 2 in an installation with the built-in engine, 1 of each workspace (with 6 threads or fewer: 1); 4 and 2 with a server. Others wait for ${defaultDurations.analystWait / 1_000} s, then 429 (202) with \`Retry-After\` |
| in a minute | ${queriesPerMinute} for each key (each process counts by itself), then 429 (201) with \`Retry-After\` |
| text | 100 kB, 20,000 words, brackets 64 deep, 5,000 parts |

A caller who goes away takes the query along.

## Direct connections to a server

With a ClickHouse server of your own (\`CLICKHOUSE_URL\`), \`bun run analyst create <workspace id>\` makes a user for that
workspace and prints its password once; run again, it gives a new one. The user may select from the database \`analyst\`,
is read-only, sees this workspace’s rows, and has a quota of 100 queries a minute. Outpost’s own user needs the right to
make users, profiles, quotas and row policies. One Outpost for each server: the database \`analyst\` has one set of views.
**Not run against a server yet**: a test has the engine parse the statements, no more.

## Views

Names carry a version: a view keeps its columns and their meaning; another meaning gets another name. All times are UTC.
${views.map(view).join('')}
## Ready queries

\`GET /v1/analytics/sql/schema\` has views and queries as JSON.
${queries
  .map(
    ({ name, title, sql, parameters }) => `
### ${title}

\`${name}\`: ${Object.entries(parameters)
      .map(([name, about]) => `\`param_${name}\` (${about})`)
      .join(', ')}

\`\`\`sql
${sql}
\`\`\`
`,
  )
  .join('')}`;
}

const clients = `
- **clickhouse-connect** 1.7.2 (by hand, in pure Python): queries in Native format, values, blocks as a stream, arrays.

  \`\`\`python
  clickhouse_connect.get_client(host='outpost.example.org', interface='https', username='any', password=key,
                                database='analyst', proxy_path='/v1/analytics/sql')
  \`\`\`
- **curl** (by hand), as above.
`;

function view({ name, about, parameters, columns }: View): string {
  const call =
    parameters.length === 0 ? name : `${name}(${parameters.map((one) => `${one.name} = …`).join(', ')})`;
  const values =
    parameters.length === 0
      ? ''
      : `\n${parameters.map((one) => `- \`${one.name}\` (${one.type}): ${one.about}`).join('\n')}\n`;
  return `
### analyst.${call}

${about}
${values}
| column | type | | null |
| --- | --- | --- | --- |
${columns
  .map((column) => `| \`${column.name}\` | ${column.type} | ${column.about} | ${column.unknown ?? '–'} |`)
  .join('\n')}
`;
}

if (import.meta.main) await Bun.write(new URL('analysts.md', import.meta.url), analystsPage());
