// Runs before the first paint, so that a light page never flashes dark. A file of its own because the
// content security policy allows no inline script.
try {
  const chosen = localStorage.getItem('vigie.theme') ?? 'system'
  const prefersLight = matchMedia('(prefers-color-scheme: light)').matches
  document.documentElement.dataset.theme =
    chosen === 'system' ? (prefersLight ? 'light' : 'dark') : chosen
} catch {
  // Storage can be forbidden; the page then starts dark.
}
