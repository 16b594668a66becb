// Runs before the page is drawn, so that it does not flash in the other theme first.
const chosen = localStorage.getItem('outpost.theme');
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
document.documentElement.dataset.theme =
  chosen === 'light' || chosen === 'dark' ? chosen : dark ? 'dark' : 'light';
