import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../../docs/clients.md', import.meta.url), 'utf8');

/** The code under a heading of docs/clients.md. @param given what stands there in place of what its reader has */
export function clientSnippet(heading: string, given: Readonly<Record<string, string>>): string {
  const section = page.split('\n## ').find((text) => text.startsWith(heading));
  const code = /```\w+\n(.*?)```/s.exec(section ?? '')?.[1];
  assert.ok(code, `docs/clients.md has code under ${heading}`);
  let own = code;
  for (const [placeholder, value] of Object.entries(given)) {
    assert.ok(own.includes(placeholder), `the code under ${heading} has ${placeholder}`);
    own = own.replaceAll(placeholder, value);
  }
  return own;
}
