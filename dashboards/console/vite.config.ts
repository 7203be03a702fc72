import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The hub's content security policy takes no data: sources but images, and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Of the libraries that are in the bundle.
    license: { fileName: 'licenses.md' },
  },
  // `npx vite dashboards/console`: the console from its sources, against a hub that runs.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8080', ws: true } } },
});
