import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { spreadOf, type Spread } from './spread.ts';

/** The hub that is measured: this checkout's, or that of another revision. */
export interface Revision {
  /** Its `hub/main.ts`; of this checkout when not given. */
  entry?: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Checks another revision out beside this one, with its own dependencies; the caller removes it. */
export function checkOut(name: string): Revision & { remove(): void } {
  const folder = temporaryFolder('bench-base');
  const checkout = join(folder.path, 'checkout');
  const run = (cwd: string, command: string, ...args: string[]): void =>
    void execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    run(root, 'git', 'worktree', 'add', '--detach', checkout, name);
    run(checkout, 'npm', 'ci', '--no-audit', '--no-fund');
  } catch (error) {
    folder.remove();
    throw error;
  }
  return {
    entry: join(checkout, 'hub', 'main.ts'),
    remove() {
      run(root, 'git', 'worktree', 'remove', '--force', checkout);
      folder.remove();
    },
  };
}

/** Every number in a result, by its path. */
function numbersOf(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    numbersOf(inner, path === '' ? key : `${path}.${key}`),
  );
}

/** Of each number of the results, its spread here and in the base, and that of the ratio of the two in one round. */
export function compared(
  rounds: readonly { here: object; base: object }[],
): Record<string, { here: Spread; base: Spread; ratio: Spread }> {
  const flat = rounds.map(({ here, base }) => ({
    here: new Map(numbersOf(here)),
    base: new Map(numbersOf(base)),
  }));
  const names = [...(flat[0]?.here.keys() ?? [])];
  return Object.fromEntries(
    names.map((name) => {
      const [here, base] = (['here', 'base'] as const).map((side) =>
        flat.map((round) => round[side].get(name) ?? Number.NaN),
      ) as [number[], number[]];
      const ratio = spreadOf(here.map((value, round) => value / (base[round] ?? Number.NaN)));
      return [name, { here: spreadOf(here), base: spreadOf(base), ratio }];
    }),
  );
}
