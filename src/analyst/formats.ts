/** Formats of answers and their content types. None reads a schema or a template from a file. */
const types: Readonly<Record<string, string>> = {
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  TabSeparatedRaw: 'text/tab-separated-values; charset=UTF-8',
  TabSeparatedWithNames: 'text/tab-separated-values; charset=UTF-8',
  TabSeparatedWithNamesAndTypes: 'text/tab-separated-values; charset=UTF-8',
  TSV: 'text/tab-separated-values; charset=UTF-8',
  TSVRaw: 'text/tab-separated-values; charset=UTF-8',
  TSVWithNames: 'text/tab-separated-values; charset=UTF-8',
  TSVWithNamesAndTypes: 'text/tab-separated-values; charset=UTF-8',
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  CSVWithNamesAndTypes: 'text/csv; charset=UTF-8; header=present',
  JSON: 'application/json; charset=UTF-8',
  JSONStrings: 'application/json; charset=UTF-8',
  JSONCompact: 'application/json; charset=UTF-8',
  JSONCompactStrings: 'application/json; charset=UTF-8',
  JSONColumns: 'application/json; charset=UTF-8',
  JSONColumnsWithMetadata: 'application/json; charset=UTF-8',
  JSONCompactColumns: 'application/json; charset=UTF-8',
  JSONObjectEachRow: 'application/json; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONLines: 'application/x-ndjson; charset=UTF-8',
  NDJSON: 'application/x-ndjson; charset=UTF-8',
  JSONStringsEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONCompactEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONCompactEachRowWithNames: 'application/x-ndjson; charset=UTF-8',
  JSONCompactEachRowWithNamesAndTypes: 'application/x-ndjson; charset=UTF-8',
  JSONCompactStringsEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONCompactStringsEachRowWithNames: 'application/x-ndjson; charset=UTF-8',
  JSONCompactStringsEachRowWithNamesAndTypes: 'application/x-ndjson; charset=UTF-8',
  Pretty: 'text/plain; charset=UTF-8',
  PrettyCompact: 'text/plain; charset=UTF-8',
  PrettyCompactMonoBlock: 'text/plain; charset=UTF-8',
  PrettyNoEscapes: 'text/plain; charset=UTF-8',
  PrettySpace: 'text/plain; charset=UTF-8',
  Vertical: 'text/plain; charset=UTF-8',
  Values: 'text/plain; charset=UTF-8',
  Null: 'text/plain; charset=UTF-8',
  Markdown: 'text/markdown; charset=UTF-8',
  XML: 'application/xml; charset=UTF-8',
  Native: 'application/octet-stream',
  RowBinary: 'application/octet-stream',
  RowBinaryWithNames: 'application/octet-stream',
  RowBinaryWithNamesAndTypes: 'application/octet-stream',
  Parquet: 'application/octet-stream',
  Arrow: 'application/octet-stream',
  ArrowStream: 'application/octet-stream',
};

const byLowerCase = new Map(Object.keys(types).map((name) => [name.toLowerCase(), name]));

/** The format's name as the engine writes it; null: it is not to be had. */
export function formatNamed(name: string): string | null {
  return byLowerCase.get(name.toLowerCase()) ?? null;
}

export function contentTypeOf(format: string): string {
  return types[format] ?? 'text/plain; charset=UTF-8';
}

/** Every format's name. */
export const formats: readonly string[] = Object.keys(types);

/** Without their parameters, for the document. */
export const contentTypes: readonly string[] = [
  ...new Set(Object.values(types).map((type) => type.split(';')[0] ?? type)),
];
