import { defineConfig } from 'vite'

/** A running Vigie for `npm run dev`. */
const VIGIE = 'http://127.0.0.1:9090'

// The sources speak plain React; these aliases ship them on Preact. Deleting them is the way back.
const preact = [
  { find: /^react-dom\/client$/, replacement: 'preact/compat/client' },
  { find: /^react-dom$/, replacement: 'preact/compat' },
  { find: /^react\/jsx-(dev-)?runtime$/, replacement: 'preact/jsx-runtime' },
  { find: /^react$/, replacement: 'preact/compat' },
  // preact/compat has the hook itself: no shim.
  { find: /^use-sync-external-store\/shim\/index\.js$/, replacement: 'preact/compat' },
]

export default defineConfig({
  base: '/',
  resolve: { alias: preact, conditions: ['source', 'module', 'browser', 'production', 'import'] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': VIGIE, '/-/': VIGIE } },
})
