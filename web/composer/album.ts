/** Where a picture of an album stands, in percents of the whole. */
export interface Tile {
  left: number;
  top: number;
  width: number;
  height: number;
}
export interface Album {
  /** Width by height of the whole. */
  ratio: number;
  tiles: Tile[];
}

/** Of the whole, its width is 100. Rows of several pictures may make it higher than `most`. */
const most = 100;
const least = 12;

/**
 * Pictures side by side as both networks lay them out: the shape of each decides whether it stands above, beside or
 * between the others. `ratios` are widths by heights, in their order, of two pictures or more.
 */
export function albumOf(ratios: readonly number[]): Album {
  const shapes = ratios.map((ratio) => (ratio > 1.2 ? 'wide' : ratio < 0.8 ? 'tall' : 'square'));
  const [a = 1, b = 1, c = 1, d = 1] = ratios;
  if (ratios.length > 4 || ratios.some((ratio) => ratio > 2)) return inRows(ratios);
  const all = (shape: string) => shapes.every((one) => one === shape);
  if (ratios.length === 2) {
    if (all('wide') && (a + b) / 2 > 1.4 && Math.abs(a - b) < 0.2) return stacked([[a], [b]]);
    if (all('wide') || all('square')) return even(Math.max(a, b));
    const first = Math.min(100 - 1.5 * least, Math.max(1.5 * least, (100 * a) / (a + b), 0));
    return whole([
      { left: 0, top: 0, width: first, height: first / a },
      { left: first, top: 0, width: 100 - first, height: first / a },
    ]);
  }
  const rest = ratios.length === 3 ? [b, c] : [b, c, d];
  const above = ratios.length === 3 ? shapes[0] !== 'tall' : shapes[0] === 'wide';
  return above ? stacked([[a], rest]) : beside(a, rest);
}

function whole(tiles: Tile[]): Album {
  const high = Math.max(...tiles.map(({ top, height }) => top + height));
  const share = (part: number) => (100 * part) / high;
  return {
    ratio: 100 / high,
    tiles: tiles.map(({ top, height, ...tile }) => ({ ...tile, top: share(top), height: share(height) })),
  };
}

function even(ratio: number): Album {
  const height = Math.min(most, 50 / ratio);
  return whole([
    { left: 0, top: 0, width: 50, height },
    { left: 50, top: 0, width: 50, height },
  ]);
}

/** Rows over the whole width; all pictures of a row are of one height. A first row of one leaves room for the others. */
function stacked(rows: readonly (readonly number[])[]): Album {
  let top = 0;
  const tiles = rows.flatMap((row, index) => {
    const sum = row.reduce((total, ratio) => total + ratio, 0);
    const height = Math.min(100 / sum, index === 0 && row.length === 1 ? 0.66 * most : most);
    let left = 0;
    const made = row.map((ratio) => {
      const tile = { left, top, width: (100 * ratio) / sum, height };
      left += tile.width;
      return tile;
    });
    top += height;
    return made;
  });
  return whole(tiles);
}

/** The first one over the whole height, the others in a column beside it. */
function beside(first: number, rest: readonly number[]): Album {
  const parts = rest.reduce((sum, ratio) => sum + 1 / ratio, 0);
  const column = Math.max(least, Math.min(100 - Math.min(most * first, 60), most / parts));
  let top = 0;
  const others = rest.map((ratio) => {
    const tile = { left: 100 - column, top, width: column, height: most / ratio / parts };
    top += tile.height;
    return tile;
  });
  return whole([{ left: 0, top: 0, width: 100 - column, height: most }, ...others]);
}

/** Many pictures: of all ways to break them into rows of at most three, the one that comes nearest to its best height. */
function inRows(ratios: readonly number[]): Album {
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const cut = ratios.map((ratio) =>
    mean > 1.1 ? Math.min(2.75, Math.max(1, ratio)) : Math.min(1, Math.max(0.667, ratio)),
  );
  let best: number[][] = [];
  let least = Number.POSITIVE_INFINITY;
  const look = (rows: number[][], rest: number[]) => {
    if (rest.length === 0) {
      const high = rows.reduce((sum, row) => sum + 100 / row.reduce((wide, ratio) => wide + ratio, 0), 0);
      // Fewer in a row above than below looks wrong to both networks.
      const uneven = rows.some((row, index) => row.length < (rows[index - 1]?.length ?? 0)) ? 1.2 : 1;
      const off = Math.abs(high - 100) * uneven;
      if (off < least) [best, least] = [rows, off];
      return;
    }
    for (const count of [1, 2, 3]) {
      if (count <= rest.length && rows.length < 5) look([...rows, rest.slice(0, count)], rest.slice(count));
    }
  };
  // More than twelve stand in even rows, which takes no search.
  if (cut.length <= 12) look([], cut);
  else {
    const across = Math.ceil(Math.sqrt(cut.length));
    best = Array.from({ length: Math.ceil(cut.length / across) }, (_, row) =>
      cut.slice(row * across, (row + 1) * across),
    );
  }
  return stacked(best.length > 0 ? best : [cut]);
}
