/** `node packaging/licenses.ts FOLDER`: the licence of every package in a `node_modules`, with its text, for who hands the packages on. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Part {
  name: string;
  version: string;
  license: string;
  /** Of its licence file; undefined when it has none. */
  text: string | undefined;
}

/** Every package of the folder and of the `node_modules` below it, by name. @throws Error for one that names no licence */
function partsIn(folder: string): Part[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(({ name }) =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map((own) => `${name}/${own}`) : [name],
    );
  return names.toSorted().flatMap((name) => {
    const path = join(folder, name);
    const inner = join(path, 'node_modules');
    return [...partOf(path, name), ...(existsSync(inner) ? partsIn(inner) : [])];
  });
}

function partOf(path: string, name: string): Part[] {
  const file = join(path, 'package.json');
  if (!existsSync(file)) return [];
  const { version, license, licenses } = JSON.parse(readFileSync(file, 'utf8')) as {
    version?: string;
    license?: string | { type: string };
    licenses?: { type: string }[];
  };
  const given =
    typeof license === 'string' ? license : (license?.type ?? licenses?.map(({ type }) => type).join(' OR '));
  if (given === undefined) throw new Error(`${name} names no licence: ${file}`);
  const text = readdirSync(path).find((each) => /^(licen[cs]e|copying)/i.test(each));
  return [
    {
      name,
      version: version ?? '',
      license: given,
      text: text === undefined ? undefined : readFileSync(join(path, text), 'utf8').trim(),
    },
  ];
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node packaging/licenses.ts NODE_MODULES\n');
  process.exitCode = 2;
} else {
  for (const { name, version, license, text } of partsIn(folder)) {
    const rule = '='.repeat(80);
    process.stdout.write(
      `${rule}\n${name} ${version}: ${license}\n${rule}\n${text ?? '(no text in the package)'}\n\n`,
    );
  }
}
