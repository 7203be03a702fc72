import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface Component {
  name: string;
  version: string;
  properties?: { name: string; value: string }[];
  hashes?: object[];
}
interface Lock {
  packages: Record<string, { version: string; resolved?: string; dev?: boolean }>;
}

const root = new URL('../../..', import.meta.url);

/** `--omit dev` would be shorter, and leaves out packages that run: npm takes them for tools of other packages. */
test('the bill of materials has every package of the lock file with its hash, and marks those that only build', () => {
  const text = execFileSync('npm', ['run', '-s', 'sbom'], {
    cwd: root,
    encoding: 'utf8',
    // npm warns about settings of this machine.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const bom = JSON.parse(text) as { bomFormat: string; components: Component[] };
  assert.equal(bom.bomFormat, 'CycloneDX');
  const found = new Map(bom.components.map((one) => [`${one.name}@${one.version}`, one]));
  const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as Lock;
  for (const [path, { version, resolved = '', dev = false }] of Object.entries(packages)) {
    // The project itself, and a folder of it that is installed for a tool: neither was fetched, so neither has a hash.
    if (path === '' || resolved.startsWith('file:')) continue;
    const name = `${path.split('node_modules/').at(-1)}@${version}`;
    const component = found.get(name);
    assert.ok(component !== undefined, name);
    assert.ok((component.hashes ?? []).length > 0, `${name} has a hash`);
    const marked = (component.properties ?? []).some((one) => one.name === 'cdx:npm:package:development');
    assert.equal(marked, dev, name);
  }
});
