import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sitePages } from '../../../packaging/docs/site-map.ts';
import { shellCommands } from './shell-commands.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A call of one of our programs that a document shows. */
export interface DocumentedCommand {
  file: string;
  program: 'hub' | 'sim' | 'npm';
  args: readonly string[];
  /** In a block of its own, and not within a sentence: it is complete. */
  isWhole: boolean;
}

/** The pages are written by hand, but for the reference, which is made from the commands themselves. */
const files = ['README.md', ...new Set(sitePages.map(({ source }) => source))].filter(
  (file) => !file.startsWith('docs/reference/') && file !== 'CHANGELOG.md',
);

export function documentedCommands(): DocumentedCommand[] {
  return files.flatMap((file) => commandsOf(file, readFileSync(join(root, file), 'utf8')));
}

const block = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gmu;

export function commandsOf(file: string, text: string): DocumentedCommand[] {
  const blocks = [...text.matchAll(block)].flatMap(([, , language, script = '']) =>
    language === 'sh' ? shellCommands(script) : [],
  );
  const spans = [...text.replaceAll(block, '').matchAll(/`((?:device-hub|hub|npm run)\s[^`]+)`/gu)].flatMap(
    ([, script = '']) => shellCommands(script.replaceAll(/\s+/gu, ' ')),
  );
  const read = (isWhole: boolean) => (words: string[]) => {
    const called = callOf(words);
    return called === undefined ? [] : [{ file, ...called, isWhole }];
  };
  return [...blocks.flatMap(read(true)), ...spans.flatMap(read(false))];
}

/** @returns undefined for what calls none of our programs, and for what is cut short by `…` */
function callOf(words: readonly string[]): Pick<DocumentedCommand, 'program' | 'args'> | undefined {
  if (words.some((word) => word.includes('…'))) return undefined;
  const call = words.slice(words.findIndex((word) => !/^[A-Z_]+=/u.test(word)));
  const [first, second] = call;
  if (first === 'hub' || first === 'device-hub') return { program: 'hub', args: call.slice(1) };
  if (first === 'docker' || first === 'kubectl') {
    const at = call.indexOf('device-hub');
    return call.includes('exec') && at > 0 ? { program: 'hub', args: call.slice(at + 1) } : undefined;
  }
  if (first !== 'npm' || second !== 'run') return undefined;
  const [script, ...args] = call.slice(2).filter((word) => word !== '-s');
  const given = args[0] === '--' ? args.slice(1) : args;
  return script === 'hub' || script === 'sim'
    ? { program: script, args: given }
    : { program: 'npm', args: [script ?? '', ...given] };
}
