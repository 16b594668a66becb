import { lazy, useState } from 'react';

const load = () => import('./plot.tsx');
const Lazy = lazy(load);
let loaded: typeof Lazy | Awaited<ReturnType<typeof load>>['default'] = Lazy;
// While the figures are on their way. A failure shows when it is drawn.
load().then(
  (module) => {
    loaded = module.default;
  },
  () => {},
);

/** The plot, which suspends only where it has not come yet: what suspends is drawn 300 ms late. */
export function usePlot() {
  // Chosen once: another type in the same place would begin anew.
  const [Plot] = useState(() => loaded);
  return Plot;
}
