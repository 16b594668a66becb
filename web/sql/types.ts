/** A type of ClickHouse without what is wrapped around it. */
export function bareType(type: string): string {
  let bare = type;
  for (;;) {
    const inner = /^(?:Nullable|LowCardinality)\((.*)\)$/.exec(bare)?.[1];
    if (inner === undefined) return bare;
    bare = inner;
  }
}

export function isNumeric(type: string): boolean {
  return /^(U?Int|Float|BFloat|Decimal)/.test(bareType(type));
}

/** A cell in words; null stays null. */
export function written(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A parameter of a query: `{name:Type}`. */
export interface Parameter {
  name: string;
  type: string;
}

// What is quoted or commented out is stepped over.
const parts =
  /'(?:[^'\\]|\\[\s\S]|'')*'|`[^`]*`|"[^"]*"|--[^\n]*|\/\*[\s\S]*?\*\/|\{\s*(\w+)\s*:\s*([^{}]+?)\s*\}/g;

/** The parameters that a query takes, each once, in the order in which they come. */
export function parametersOf(sql: string): Parameter[] {
  const found = new Map<string, Parameter>();
  for (const [, name, type] of sql.matchAll(parts)) {
    if (name && type && !found.has(name)) found.set(name, { name, type });
  }
  return [...found.values()];
}
