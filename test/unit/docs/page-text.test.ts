import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkPages, type SourcePage } from '../../../packaging/docs/page-text.ts';

const page = (name: string, source: string, text: string): SourcePage => ({
  page: name,
  title: name,
  source,
  text,
});

const readme = `# Hub

## First

See [second](#second), [other](docs/other.md#a-part), [code](hub/main.ts) and <HOST>, \`<as it is>\`.

\`\`\`sh
cat [x](y) <z>
\`\`\`

## Second
`;

const first = page('guides/first', 'README.md', readme);
const other = page(
  'other',
  'docs/other.md',
  '# Other\n\n<a id="named"></a>\n\n## A part\n\n[back](../README.md#first) [named](#named)\n',
);
const isFile = (path: string): boolean =>
  ['README.md', 'docs/other.md', 'hub/main.ts', 'docs/p.svg'].includes(path);

test('links lead to the page that has the section, and code and placeholders stay as they are', () => {
  const { texts, faults } = linkPages([first, other], isFile);
  assert.deepEqual(faults, []);
  const text = texts.get('guides/first') ?? '';
  assert.match(
    text,
    /\[second\]\(#second\), \[other\]\(\.\/\.\.\/other\.md#a-part\), code \(`hub\/main\.ts`\)/,
  );
  assert.match(text, /&lt;HOST>, `<as it is>`/);
  assert.match(text, /cat \[x\]\(y\) <z>/);
  assert.match(texts.get('other') ?? '', /\[back\]\(\.\/guides\/first\.md#first\) \[named\]\(#named\)/);
});

test('a link that leads nowhere is a fault, and so is a picture that is not there', () => {
  const bad = page(
    'bad',
    'docs/bad.md',
    '[a](gone.md) [b](other.md#gone) ![c](gone.svg) ![d](p.svg) [e](#gone)\n',
  );
  const { faults, pictures } = linkPages([bad, other], isFile);
  assert.deepEqual(faults, [
    'docs/bad.md: gone.md leads nowhere',
    'docs/bad.md: other.md#gone leads nowhere',
    'docs/bad.md: gone.svg is no picture',
    'docs/bad.md: #gone leads nowhere',
  ]);
  assert.ok(pictures.has('docs/p.svg'));
});
