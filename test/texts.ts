import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

/** A text of a source file, `${…}` numbered as {{1}}; and in which call or under which name it stands, the nearest last. */
export interface SourceText {
  text: string;
  within: readonly string[];
}

const openers: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.OpenParenToken,
  SyntaxKind.OpenBraceToken,
  SyntaxKind.OpenBracketToken,
]);
const closers: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.CloseBracketToken,
]);

/** Every text of a source file, texts with + between them joined, but for those with a tag before them. */
export function textsOf(source: string): SourceText[] {
  const scanner = createScanner(true, 0, source);
  const found: (SourceText & { joined: boolean })[] = [];
  /** What is open: its label, and the name before a colon in it. `template`: a ${ of that text. */
  const open: { label: string; name: string; template?: { text: string; holes: number; keep: boolean } }[] =
    [];
  let chain = '';
  let before = SyntaxKind.Unknown;
  let joins = false;
  const within = () => open.flatMap(({ label, name }) => [label, name]).filter((one) => one !== '');
  function keep(text: string): void {
    const last = found.at(-1);
    if (joins && last) last.text += renumbered(text, last.text);
    else found.push({ text, within: within(), joined: false });
    joins = false;
  }
  for (;;) {
    let token = scanner.scan();
    if (token === SyntaxKind.EndOfFile) return found;
    if ((token === SyntaxKind.SlashToken || token === SyntaxKind.SlashEqualsToken) && !endsValue(before)) {
      token = scanner.reScanSlashToken();
    }
    const top = open.at(-1);
    if (token === SyntaxKind.CloseBraceToken && top?.template) {
      token = scanner.reScanTemplateToken(false);
      const { template } = top;
      template.text += scanner.getTokenValue();
      if (token === SyntaxKind.TemplateMiddle) {
        template.holes += 1;
        template.text += `{{${template.holes}}}`;
      } else {
        open.pop();
        if (template.keep) keep(template.text);
      }
    } else if (token === SyntaxKind.TemplateHead) {
      const tagged = endsValue(before);
      open.push({
        label: '',
        name: '',
        template: { text: `${scanner.getTokenValue()}{{1}}`, holes: 1, keep: !tagged },
      });
    } else if (token === SyntaxKind.StringLiteral || token === SyntaxKind.NoSubstitutionTemplateLiteral) {
      if (token === SyntaxKind.StringLiteral || !endsValue(before)) keep(scanner.getTokenValue());
    } else if (openers.has(token)) {
      open.push({ label: token === SyntaxKind.OpenParenToken ? chain : '', name: '' });
    } else if (closers.has(token)) {
      open.pop();
    } else if (token === SyntaxKind.ColonToken || token === SyntaxKind.EqualsToken) {
      if (top && chain !== '') top.name = chain;
    } else if (token === SyntaxKind.CommaToken || token === SyntaxKind.SemicolonToken) {
      if (top) top.name = '';
    }
    if (isText(before) && token === SyntaxKind.PlusToken) joins = true;
    else if (!isText(token) && token !== SyntaxKind.TemplateHead) joins = false;
    if (token === SyntaxKind.Identifier || isKeyword(token)) {
      chain = before === SyntaxKind.DotToken ? `${chain}.${scanner.getTokenText()}` : scanner.getTokenText();
    } else if (token !== SyntaxKind.DotToken && token !== SyntaxKind.QuestionDotToken) {
      chain = '';
    }
    before = token;
  }
}

const isText = (token: SyntaxKind) =>
  token === SyntaxKind.StringLiteral ||
  token === SyntaxKind.NoSubstitutionTemplateLiteral ||
  token === SyntaxKind.TemplateTail;
const isKeyword = (token: SyntaxKind) => token >= SyntaxKind.FirstKeyword && token <= SyntaxKind.LastKeyword;

/** Whether a / after it divides, and a ` after it is tagged. */
function endsValue(token: SyntaxKind): boolean {
  return (
    token === SyntaxKind.Identifier ||
    token === SyntaxKind.NumericLiteral ||
    token === SyntaxKind.CloseParenToken ||
    token === SyntaxKind.CloseBracketToken ||
    token === SyntaxKind.GreaterThanToken ||
    token === SyntaxKind.ThisKeyword ||
    isText(token)
  );
}

/** The holes of a second text count on from those of the first. */
function renumbered(text: string, after: string): string {
  const holes = after.match(/\{\{\d+\}\}/g)?.length ?? 0;
  return text.replace(/\{\{(\d+)\}\}/g, (_, n) => `{{${Number(n) + holes}}}`);
}
