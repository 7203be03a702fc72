/** Builds the documents' site into `dist/docs`, and fails for a link that leads nowhere. */

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';
import { linkPages } from './page-text.ts';
import { siteConfig } from './site-config.ts';
import { sitePages } from './site-map.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const work = join(root, 'dist', 'docs-pages');

const pages = sitePages.map((page) => ({ ...page, text: readFileSync(join(root, page.source), 'utf8') }));
const { texts, pictures, faults } = linkPages(pages, (path) => existsSync(join(root, path)));
if (faults.length > 0) throw new Error(faults.join('\n'));

rmSync(work, { recursive: true, force: true });
for (const [page, text] of texts) {
  const file = join(work, `${page}.md`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
for (const picture of pictures) {
  const copy = join(work, 'public', picture);
  mkdirSync(dirname(copy), { recursive: true });
  cpSync(join(root, picture), copy);
}
mkdirSync(join(work, '.vitepress'));
writeFileSync(join(work, '.vitepress', 'config.mjs'), siteConfig());
await build(work, { outDir: join(root, 'dist', 'docs') });
