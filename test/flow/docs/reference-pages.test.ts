import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { linkPages } from '../../../packaging/docs/page-text.ts';
import { referencePages } from '../../../packaging/docs/reference-pages.ts';
import { sitePages } from '../../../packaging/docs/site-map.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

test('the reference pages say what their sources say; when not, run npm run docs:reference', async () => {
  for (const [name, text] of await referencePages()) {
    assert.equal(read(`docs/reference/${name}`), text, name);
    assert.ok(
      sitePages.some(({ source }) => source === `docs/reference/${name}`),
      `${name} is a page of the site`,
    );
  }
});

test('every link between the documents leads somewhere', () => {
  const pages = sitePages.map((page) => ({ ...page, text: read(page.source) }));
  assert.deepEqual(linkPages(pages, (path) => existsSync(new URL(path, root))).faults, []);
});
