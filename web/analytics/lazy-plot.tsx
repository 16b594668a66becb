import { Skeleton } from '../parts/page.tsx';
import { part } from '../parts/part.tsx';

/** Loaded by the pages that draw, and not by those that only tell figures. */
export const Plot = part(async () => (await import('./plot.tsx')).default, <Skeleton className="h-full" />);

// While the figures are on their way. A failure shows when it is drawn.
Plot.ready();
