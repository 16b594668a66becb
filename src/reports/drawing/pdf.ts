import type { Figure } from '../../analytics/figure.ts';
import { type Format, formatOf } from '../format.ts';
import { type CommunityPart, type Figures, figureNames, type ReportData } from '../gather.ts';
import { barChart, lineChart, weeksOf } from './charts.ts';
import { colours } from './colours.ts';
import { type GridCell, grid } from './grid.ts';
import { heatHeight, heatMap } from './heat.ts';
import { openPages, type Pages } from './pages.ts';

/** Bars of days become bars of weeks when there are more than this. */
const barsMost = 62;

/** A document for people: an overview, then each community from a page of its own. */
export function drawPdf(data: ReportData): Promise<Uint8Array> {
  const format = formatOf(data.language, data.timezone);
  const { words } = format;
  const pages = openPages({ title: data.title, author: data.workspace, language: words.locale });
  cover(pages, data, format);
  tiles(pages, data.all, format, 3);
  communities(pages, data, format);
  delivery(pages, data, format);
  notes(pages, format);
  for (const one of data.communities) community(pages, one, { ...format, zone: one.timezone });
  return pages.end([data.title, data.workspace].filter(Boolean).join(' · '), words);
}

function cover(pages: Pages, data: ReportData, format: Format): void {
  const { doc, left, width } = pages;
  const { words } = format;
  doc.rect(0, 0, doc.page.width, 8).fillColor(colours.accent).fill();
  pages.text(data.workspace, left, pages.y, width, { size: 10, bold: true, colour: colours.accent });
  pages.y += 20;
  pages.y += pages.text(data.title, left, pages.y, width, { size: 24, bold: true, lines: 3 }) + 6;
  const lines = [
    words.period(format.days(data.from, data.to), data.timezone),
    words.compared(format.daysBefore(data.from, data.to)),
    words.made(format.moment(data.madeAt)),
  ];
  for (const [index, line] of lines.entries()) {
    const colour = index === 0 ? colours.ink : colours.muted;
    pages.text(line, left, pages.y, width, { size: index === 0 ? 11 : 9, colour });
    pages.y += index === 0 ? 18 : 14;
  }
  pages.y += 14;
}

function tiles(pages: Pages, figures: Figures, format: Format, across: 3 | 6): void {
  const { doc, left, width } = pages;
  const gap = across === 3 ? 12 : 6;
  const wide = (width - (across - 1) * gap) / across;
  const tall = across === 3 ? 66 : 54;
  for (const [index, name] of figureNames.entries()) {
    const x = left + (index % across) * (wide + gap);
    const y = pages.y + Math.floor(index / across) * (tall + gap);
    const { value, change_percent, change } = figures[name];
    doc.roundedRect(x, y, wide, tall, 4).fillColor(colours.shade).fill();
    const inner = wide - 16;
    pages.text(format.words.heads[name], x + 8, y + 8, inner, {
      size: across === 3 ? 8.5 : 7.5,
      colour: colours.muted,
    });
    const texts = [format.number(value), ...(value === null ? [] : [format.short(value)])];
    const sizes = across === 3 ? [19, 16] : [13, 11, 9.5];
    const tries = texts.flatMap((text) => sizes.map((size) => ({ text, style: { size, bold: true } })));
    const shown = tries.find(({ text, style }) => pages.widthOf(text, style) <= inner) ?? tries.at(-1);
    if (shown) pages.text(shown.text, x + 8, y + (across === 3 ? 21 : 20), inner, shown.style);
    const small = { size: across === 3 ? 8.5 : 7 };
    const whole = comparison({ change, change_percent }, format);
    // Where both do not fit, the share says more.
    const fits = change_percent === null || pages.widthOf(whole.text, small) <= inner;
    const compared = fits ? whole : { ...whole, text: format.percent(change_percent) };
    pages.text(compared.text, x + 8, y + tall - 17, inner, { ...small, colour: compared.colour });
  }
  pages.y += Math.ceil(figureNames.length / across) * (tall + gap) + 10;
}

function comparison(
  { change, change_percent }: Pick<Figure, 'change' | 'change_percent'>,
  format: Format,
): { text: string; colour: string } {
  if (change === null) return { text: format.words.noChange, colour: colours.muted };
  const share = change_percent === null ? '' : ` (${format.percent(change_percent)})`;
  const colour = change > 0 ? colours.up : change < 0 ? colours.down : colours.muted;
  return { text: `${format.signed(change)}${share}`, colour };
}

function section(pages: Pages, title: string, needed: number): void {
  pages.room(30 + needed);
  pages.y += 6;
  pages.text(title, pages.left, pages.y, pages.width, { size: 14, bold: true });
  pages.y += 24;
}

function communities(pages: Pages, data: ReportData, format: Format): void {
  const { words, number } = format;
  pages.doc.outline.addItem(words.overview);
  section(pages, words.communities, 60);
  if (data.communities.length === 0) {
    paragraph(pages, words.nothingKnown);
    return;
  }
  const right = (title: string) => ({ title, align: 'right' as const });
  grid(
    pages,
    [
      { title: words.heads.community, lines: 1 },
      { title: words.heads.network },
      right(words.heads.members),
      right(words.heads.change),
      right(words.heads.posts),
      right(words.heads.views),
      right(words.heads.reactions),
    ],
    data.communities.map(({ title, network, figures: { members, posts, views, reactions } }): GridCell[] => [
      { text: nameOf(pages, title, format), bold: true },
      words.networks[network] ?? network,
      number(members.value),
      members.change === null ? number(null) : comparison(members, format),
      number(posts.value),
      number(views.value),
      number(reactions.value),
    ]),
  );
  pages.y += 10;
}

/** A title of nothing but emoji is none on paper. */
function nameOf(pages: Pages, title: string, { words }: Format): string {
  const clean = pages.clean(title);
  return clean === '' || clean === '…' ? words.untitled : clean;
}

function paragraph(pages: Pages, text: string, style: { bold?: boolean; colour?: string } = {}): void {
  pages.room(28);
  pages.y += pages.text(text, pages.left, pages.y, pages.width, { size: 9, lines: 6, ...style }) + 5;
}

function delivery(pages: Pages, { delivery: { all, networks } }: ReportData, format: Format): void {
  const { words, number, span } = format;
  section(pages, words.delivery, 90);
  if (all.publications === 0) {
    paragraph(pages, words.nothingDue);
    return;
  }
  const names = ['publications', 'out', 'failed', 'unconfirmed', 'held', 'cancelled', 'waiting'] as const;
  grid(
    pages,
    [
      { title: words.heads.network, lines: 1 },
      ...[...names, 'p50', 'p95', 'p99'].map((name) => ({
        title: name === 'p50' ? 'p50' : words.heads[name as (typeof names)[number]],
        align: 'right' as const,
      })),
    ],
    [...networks, { ...all, network: null }].map((one): GridCell[] => [
      {
        text: one.network === null ? words.allNetworks : (words.networks[one.network] ?? one.network),
        bold: one.network === null,
      },
      ...[
        one.publications,
        one.published,
        one.failed,
        one.unconfirmed,
        one.held,
        one.cancelled,
        one.waiting,
      ].map(number),
      ...[one.delay_ms.p50, one.delay_ms.p95, one.delay_ms.p99].map(span),
    ]),
  );
  pages.y += 8;
  paragraph(pages, delays(all.delay_ms, format), { colour: colours.muted });
}

function delays(told: ReportData['delivery']['all']['delay_ms'], { words, number, span }: Format): string {
  return told.publications === 0
    ? words.noDelays
    : words.delays(number(told.publications), span(told.p50), span(told.p95), span(told.p99));
}

function notes(pages: Pages, { words }: Format): void {
  pages.y += 6;
  for (const note of words.notes) {
    pages.room(24);
    pages.y +=
      pages.text(note, pages.left, pages.y, pages.width, { size: 7.5, lines: 4, colour: colours.muted }) + 3;
  }
}

function community(pages: Pages, one: CommunityPart, format: Format): void {
  const { words } = format;
  pages.newPage();
  const name = nameOf(pages, one.title, format);
  pages.doc.outline.addItem(name);
  const { left, width } = pages;
  pages.y += pages.text(name, left, pages.y, width, { size: 18, bold: true, lines: 2 }) + 5;
  const about = `${words.networks[one.network] ?? one.network} · ${words.clock(one.timezone)}`;
  pages.text(about, left, pages.y, width, { size: 9, colour: colours.muted });
  pages.y += 22;
  tiles(pages, one.figures, format, 6);
  charts(pages, one, format);
  topPosts(pages, one, format);
  bestTimes(pages, one, format);
  section(pages, words.delivery, 40);
  const { publications, published, delay_ms } = one.delivery;
  if (publications === 0) {
    paragraph(pages, words.nothingDue);
    return;
  }
  const others = (['failed', 'unconfirmed', 'held', 'cancelled', 'waiting'] as const)
    .filter((state) => one.delivery[state] > 0)
    .map((state) => `${words.heads[state].toLowerCase()}: ${format.number(one.delivery[state])}`);
  const counted = words.outcomes(format.number(published), format.number(publications), others.join(', '));
  paragraph(pages, `${counted} ${delays(delay_ms, format)}`);
}

function charts(pages: Pages, { days }: CommunityPart, format: Format): void {
  const { words } = format;
  const members = days.map(({ date, members }) => ({ date, value: members }));
  const views = days.map(({ date, post_views }) => ({ date, value: post_views }));
  const posts = days.map(({ date, posts }) => ({ date, value: posts }));
  const weekly = days.length > barsMost;
  const known = (points: readonly { value: number | null }[]) => points.some(({ value }) => value !== null);
  if (!known(members) && !posts.some(({ value }) => value > 0)) {
    paragraph(pages, words.nothingKnown);
    return;
  }
  if (known(members)) {
    pages.room(150);
    lineChart(pages, format, words.membersByDay, members, 100);
  }
  if (known(views)) {
    pages.room(150);
    barChart(
      pages,
      format,
      weekly ? words.viewsByWeek : words.viewsByDay,
      weekly ? weeksOf(views) : views,
      100,
    );
  }
  pages.room(100);
  barChart(pages, format, weekly ? words.postsByWeek : words.postsByDay, weekly ? weeksOf(posts) : posts, 42);
}

function topPosts(pages: Pages, { top }: CommunityPart, format: Format): void {
  const { words, number, percent } = format;
  const by = words.heads[top.metric === 'reactions' ? 'reactions' : 'views'].toLowerCase();
  section(pages, words.topPosts(by), 70);
  if (top.posts.length === 0) {
    paragraph(pages, words.noPosts);
    return;
  }
  const right = (title: string) => ({ title, align: 'right' as const });
  grid(
    pages,
    [
      { title: words.heads.published },
      { title: words.heads.text, lines: 2 },
      right(words.heads.views),
      right(words.heads.reactions),
      right(words.heads.comments),
      right(words.heads.shares),
      right(words.heads.lift_percent),
    ],
    top.posts.map((post): GridCell[] => {
      const text = pages.clean(post.text ?? '');
      return [
        format.when(post.published_at),
        text === '' ? { text: words.noText, colour: colours.muted } : text,
        number(post.views),
        number(post.reactions),
        number(post.comments),
        number(post.shares),
        percent(post.lift_percent),
      ];
    }),
  );
  pages.y += 10;
}

function bestTimes(pages: Pages, { bestTimes: told }: CommunityPart, format: Format): void {
  const { words, percent } = format;
  const { status, best, posts, slots, back_test } = told;
  section(pages, words.bestTimes, slots.length > 0 ? heatHeight + 60 : 50);
  const answer =
    status === 'not_enough_data'
      ? words.notEnough(posts.usable, posts.missing)
      : best === null
        ? words.noDifference(posts.usable)
        : words.reliable({
            weekday: words.weekdays[best.weekday],
            hour: `${String(best.hour).padStart(2, '0')}:00`,
            lift: percent(best.lift_percent),
            from: percent(best.from_percent),
            to: percent(best.to_percent),
            posts: best.posts,
          });
  paragraph(pages, answer, { bold: best !== null });
  if (slots.length > 0) {
    pages.y += 4;
    heatMap(pages, format, told);
  }
  if (posts.seen === 0) return;
  const basis = words.basis(told.measure, told.days);
  const checked = back_test ? ` ${words.backTest(back_test.better, back_test.posts)}` : '';
  paragraph(pages, `${basis}${checked}`, { colour: colours.muted });
}
