import { globSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { program } from './services.ts';

/** The wall clock of processes, set while they run. Their monotonic clocks are left alone, as by a real step. */
export interface FakeClock {
  /** For the processes whose clock it is. */
  readonly env: Readonly<Record<string, string>>;
  /** @param byMs how far it is ahead of the right time, ms; negative: behind */
  set(byMs: number): void;
}

/** @param file where the offset stands; libfaketime reads it at every look at the clock */
export function fakeClock(file: string): FakeClock {
  const { path, env } = program('faketime');
  // `faketime` itself only sets the variables below, once; the library is beside it.
  const [library] = globSync('lib/**/faketime/libfaketimeMT.so.1', { cwd: join(dirname(path), '..') });
  if (library === undefined) throw new Error(`${path} is there, but not its library libfaketimeMT.so.1`);
  const libraries = env['LD_LIBRARY_PATH'];
  const clock: FakeClock = {
    env: {
      LD_PRELOAD: join(dirname(path), '..', library),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }),
    },
    set(byMs) {
      const seconds = Math.round(byMs / 1000);
      writeFileSync(file, seconds < 0 ? String(seconds) : `+${seconds}`);
    },
  };
  clock.set(0);
  return clock;
}
