import { refusals } from './refusal.ts';
import { systemViews, viewNames, views } from './views.ts';
import { isBare, isSign, type Word, wordsOf } from './words.ts';

/**
 * Turns what clients ask about the schema into questions about views of ours: `system.tables` and the like, SHOW TABLES,
 * SHOW DATABASES, DESCRIBE TABLE, EXISTS TABLE. Only words are put in, before the gate looks at the whole.
 */
export function withMetadata(words: readonly Word[]): Word[] {
  return statement(words) ?? named(words);
}

function named(words: readonly Word[]): Word[] {
  const found: Word[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    const [dot, table] = words.slice(at + 1, at + 3);
    if (!word) break;
    // Go's client greets with it; the engine would tell the machine's name.
    if (isBare(word, 'displayname') && isSign(dot, '(') && isSign(table, ')')) {
      const [name] = wordsOf("'Outpost'");
      if (name) found.push({ ...name, apart: true });
      at += 2;
      continue;
    }
    const isSystem =
      isName(word) && word.name.toLowerCase() === 'system' && isSign(dot, '.') && !isSign(words[at - 1], '.');
    if (!isSystem || !table || !isName(table)) {
      found.push(word);
      continue;
    }
    const view = systemViews[table.name.toLowerCase()];
    if (!view) throw refusals.unknownTable(`system.${table.name} is not shown here.`);
    const [first, ...rest] = wordsOf(`analyst.${view}`);
    if (first) found.push({ ...first, apart: word.apart }, ...rest);
    at += 2;
  }
  return found;
}

function statement(words: readonly Word[]): Word[] | null {
  const [verb, what] = words;
  if (isBare(verb, 'show')) {
    if (isBare(what, 'databases') && words.length === 2) {
      return wordsOf('select name from analyst.system_databases_v1 order by name');
    }
    if (isBare(what, 'tables') && (words.length === 2 || isOurs(words.slice(2)))) {
      return wordsOf('select name from analyst.system_tables_v1 order by name');
    }
    throw refusals.denied('SHOW is taken as SHOW TABLES and SHOW DATABASES.');
  }
  if (isBare(verb, 'describe') || isBare(verb, 'desc')) {
    const name = viewOf(isBare(what, 'table') ? words.slice(2) : words.slice(1));
    if (!name || !viewNames.has(name)) {
      throw refusals.unknownTable('There is no such view. SHOW TABLES lists them.');
    }
    return wordsOf(
      `select name, type, '' as default_type, '' as default_expression, '' as comment, '' as codec_expression, ` +
        `'' as ttl_expression from analyst.system_columns_v1 where table = '${name}' order by position`,
    );
  }
  if (isBare(verb, 'exists')) {
    const name = viewOf(isBare(what, 'table') || isBare(what, 'view') ? words.slice(2) : words.slice(1));
    return wordsOf(`select ${views.some((view) => view.name === name) ? 1 : 0} as result`);
  }
  return null;
}

function isOurs(words: readonly Word[]): boolean {
  const [of, database] = words;
  return words.length === 2 && (isBare(of, 'from') || isBare(of, 'in')) && database?.name === 'analyst';
}

/** `view` or `analyst.view`; null: anything else. */
function viewOf(words: readonly Word[]): string | null {
  const [first, dot, second] = words;
  const name = words.length === 1 ? first : second;
  const ours = words.length === 1 || (words.length === 3 && first?.name === 'analyst' && isSign(dot, '.'));
  return ours && name && isName(name) && /^\w+$/.test(name.name) ? name.name : null;
}

function isName(word: Word): boolean {
  return word.kind === 'bare' || word.kind === 'quoted';
}
