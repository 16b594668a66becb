import { type Jail, JailError, type Tail } from '../stores/jail.ts';
import {
  isAllowedFunction,
  isAllowedType,
  membership,
  needleMost,
  needles,
  tableFunctions,
  tableRowsMost,
} from './functions.ts';
import { refusals } from './refusal.ts';
import { viewNames, views } from './views.ts';
import { isBare, isSign, statementOf, type Word } from './words.ts';

/**
 * Words of a SELECT that its tree does not show, or that have no place in one. A column of such a name can be quoted;
 * after a dot it is a name anyway.
 */
const refusedWords = new Set([
  'into',
  'outfile',
  'settings',
  'recursive',
  'materialized',
  'stream',
  'apply',
  'columns',
  'explain',
  'parallel',
  'infile',
]);

/** Kinds of nodes that a question may be made of. Whatever is not here is refused. */
const kinds = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'WithElement',
  'Subquery',
  'Literal',
  'Identifier',
  'Function',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'ArrayJoin',
  'OrderByElement',
  'InterpolateElement',
  'WindowListElement',
  'WindowDefinition',
]);

const nodesMost = 5_000;
const depthMost = 200;

interface Node {
  kind: string;
  /** What stands behind the kind, without alias and number of children. */
  rest: string;
  children: Node[];
}

/**
 * Passes a statement that is one SELECT over the views of analysts and harmless functions, as the engine itself reads
 * it. `words` went through {@link checkWords}. Answers what is to be run. Throws Refusal, or what the engine says of it.
 */
export async function pass(jail: Pick<Jail, 'tree'>, words: readonly Word[], tail: Tail): Promise<string> {
  const statement = statementOf(words) + tail.text;
  checkTree(await jail.tree(statement).catch((error) => rethrow(error, words)), tail);
  return statement;
}

/** The engine's text of a syntax error quotes what we put behind the query, and counts what we put before it. */
function rethrow(error: unknown, words: readonly Word[]): never {
  const at =
    error instanceof JailError && error.code === 62 ? / position (\d+)/.exec(error.message)?.[1] : undefined;
  if (at === undefined) throw error;
  const place = Number(at) - 'explain ast '.length;
  let end = 0;
  for (const [index, word] of words.entries()) {
    end += (word.apart && index > 0 ? 1 : 0) + word.source.length;
    if (end >= place) {
      const { line, column, source } = word;
      throw refusals.syntax(
        `Syntax error at line ${line}, column ${column}: failed at word ${index + 1}, ${source.slice(0, 100)}.`,
      );
    }
  }
  throw refusals.syntax('Syntax error: failed at the end of the query.');
}

/** Looks at what the tree does not show. `words` without a FORMAT and a closing semicolon. Throws Refusal. */
export function checkWords(words: readonly Word[]): void {
  const [first] = words;
  if (!first) throw refusals.syntax('The query is empty.');
  if (!isBare(first, 'select') && !isBare(first, 'with') && !isSign(first, '(')) {
    throw refusals.denied('A query here is one SELECT.');
  }
  for (const [index, word] of words.entries()) {
    if (isSign(word, ';')) throw refusals.denied('One statement at a time.');
    // It would be put in after the words are looked at.
    if (
      word.name.toLowerCase() === 'identifier' &&
      isSign(words[index - 1], ':') &&
      isSign(words[index - 3], '{')
    ) {
      throw refusals.badParameter('A parameter may not be an identifier.');
    }
    checkParameter(words, index);
    if (word.kind !== 'bare' || isSign(words[index - 1], '.')) continue;
    const name = word.name.toLowerCase();
    const called = isSign(words[index + 1], '(');
    if (refusedWords.has(name) || (name === 'format' && !called)) {
      throw refusals.denied(
        `${word.name.toUpperCase()} is not taken here (a column of this name has to be quoted).`,
      );
    }
  }
}

/** The engine reads the value of a `{name:Type}` as it parses, so its type is looked at before the tree is asked for. */
function checkParameter(words: readonly Word[], at: number): void {
  const name = words[at + 1]?.kind;
  if (!isSign(words[at], '{') || (name !== 'bare' && name !== 'quoted') || !isSign(words[at + 2], ':'))
    return;
  const end = words.findIndex((word, index) => index > at && isSign(word, '}'));
  if (end < 0 || !isAllowedType(statementOf(words.slice(at + 3, end)).trim())) {
    throw refusals.denied('The type of a parameter has to be one of the usual ones.');
  }
}

/** Holds the tree of a statement, with its tail, to the rules. */
export function checkTree(lines: readonly string[], tail: Pick<Tail, 'nodes'>): void {
  if (lines.length > nodesMost) throw refusals.tooBig(`A query may have ${nodesMost} parts at most.`);
  const root = treeOf(lines);
  if (root.kind !== 'SelectWithUnionQuery' || root.rest !== '') {
    throw refusals.denied('A query here is one SELECT.');
  }
  const [body, ...rest] = root.children;
  // The tail is ours to the letter: anything else at this place is an OUTFILE, a FORMAT or SETTINGS of the text.
  const found = rest.map(({ kind, rest, children }) => (children.length === 0 ? `${kind} ${rest}` : ''));
  if (
    !body ||
    found.length !== tail.nodes.length ||
    found.some((line, index) => line !== tail.nodes[index])
  ) {
    throw refusals.denied('SETTINGS, FORMAT and INTO OUTFILE are not taken inside a query.');
  }
  checkNode(body, null);
}

function checkNode(node: Node, parent: Node | null): void {
  if (!kinds.has(node.kind)) {
    throw refusals.denied(
      node.kind === 'Set'
        ? 'SETTINGS are not taken in a query.'
        : `This is not taken in a query: ${node.kind}.`,
    );
  }
  if (
    parent?.kind === 'TableExpression' &&
    !['TableIdentifier', 'Function', 'Subquery'].includes(node.kind)
  ) {
    throw refusals.denied('A query reads views and subqueries.');
  }
  if (node.kind === 'TableIdentifier') checkTable(node.rest);
  if (node.kind === 'Function') {
    if (parent?.kind === 'TableExpression') checkTableFunction(node);
    else checkFunction(node);
  }
  for (const child of node.children) checkNode(child, node);
}

/** A name without a database is a view of ours, or a name that the query gave itself: there is nothing else there. */
function checkTable(name: string): void {
  if (!name.includes('.')) return;
  const view = /^analyst\.(\w+)$/i.exec(name)?.[1];
  if (view === undefined)
    throw refusals.denied(`There is nothing to read but the views of analyst: ${name}.`);
  if (!name.startsWith('analyst.') || !viewNames.has(view)) {
    throw refusals.unknownTable(`There is no view ${name}. SHOW TABLES lists them.`);
  }
}

function checkTableFunction(node: Node): void {
  const name = node.rest;
  const args = node.children[0]?.children ?? [];
  const lower = name.toLowerCase();
  if (tableFunctions.has(lower)) {
    const whole = args.every(({ kind, rest }) => {
      const value = /^UInt64_(\d+)$/.exec(rest)?.[1];
      return kind === 'Literal' && value !== undefined && Number(value) <= tableRowsMost;
    });
    if (!whole || args.length === 0 || args.length > 3) {
      throw refusals.denied(`${name} takes whole numbers up to ${tableRowsMost} here.`);
    }
    return;
  }
  // Tables of written rows; a first text would be the types of their columns.
  if (lower === 'values' && args.length > 0 && args.every(isWrittenRow)) return;
  const known = views.find((view) => name === view.name || name === `analyst.${view.name}`);
  if (!known || known.parameters.length === 0) throw refusals.denied(`${name} may not be read from here.`);
  for (const arg of args) {
    const [left] = arg.children[0]?.children ?? [];
    const parameter = known.parameters.find((one) => left?.kind === 'Identifier' && one.name === left.rest);
    if (arg.kind !== 'Function' || arg.rest !== 'equals' || !parameter) {
      throw refusals.denied(
        `${known.name} takes its values as name = value: ${known.parameters.map((one) => one.name).join(', ')}.`,
      );
    }
  }
}

function isWrittenRow({ kind, rest, children }: Node): boolean {
  return kind === 'Literal' && rest.startsWith('Tuple_') && children.length === 0;
}

function checkFunction(node: Node): void {
  const name = node.rest;
  if (!isAllowedFunction(name)) throw refusals.unknownFunction(`The function ${name} is not to be had here.`);
  const args = node.children[0]?.children ?? [];
  const lower = name.toLowerCase();
  if (membership.has(lower)) {
    const right = args[1];
    if (right?.kind === 'Identifier') checkTable(right.rest);
  }
  const place = needles.get(lower);
  if (place !== undefined) {
    const needle = args[place];
    if (needle?.kind !== 'Literal' || needle.rest.length > needleMost) {
      throw refusals.denied(`What ${name} looks for has to be written out, in ${needleMost} signs at most.`);
    }
  }
  if (lower === 'cast' || lower === '_cast') {
    const type = /^'(.*)'$/
      .exec(args[1]?.kind === 'Literal' ? args[1].rest : '')?.[1]
      ?.replaceAll("\\'", "'");
    if (type === undefined || !isAllowedType(type)) {
      throw refusals.denied('A type has to be written out, and to be one of the usual ones.');
    }
  }
}

/** Reads the writing of a tree: a node a line, children one space further in, their number at the end of the line. */
function treeOf(lines: readonly string[]): Node {
  const open: { node: Node; count: number }[] = [];
  let root: Node | null = null;
  for (const line of lines) {
    const [, indent = '', whole = '', count] = /^( *)(.*?)(?: \(children (\d+)\))?$/s.exec(line) ?? [];
    const [, kind = '', after = ''] = /^([A-Za-z:]+)(?: (.*))?$/s.exec(whole) ?? [];
    const depth = indent.length;
    if (kind === '' || depth > depthMost) throw unreadable();
    const rest = after.replace(/ ?\(alias [^()]*\)$/, '');
    const node: Node = { kind, rest, children: [] };
    const parent = open[depth - 1];
    for (const { node: closed, count } of open.splice(depth)) {
      if (closed.children.length !== count) throw unreadable();
    }
    if (depth === 0) {
      if (root) throw unreadable();
      root = node;
    } else {
      if (!parent) throw unreadable();
      parent.node.children.push(node);
    }
    open.push({ node, count: Number(count ?? 0) });
  }
  for (const { node, count } of open) if (node.children.length !== count) throw unreadable();
  if (!root) throw unreadable();
  return root;
}

function unreadable() {
  return refusals.tooBig('The query is too deep or too strange to be looked through.');
}
