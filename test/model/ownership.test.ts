import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../helpers/services/guard.ts';
import { program } from '../helpers/services/services.ts';

const run = promisify(execFile);
const model = fileURLToPath(new URL('ownership.pml', import.meta.url));

interface Verdict {
  errors: number;
  states: number;
  /** What does not hold. */
  broken: string | undefined;
}

/** Looks at every order of steps. <https://spinroot.com/spin/Man/Pan.html> */
async function search(defines: readonly string[]): Promise<Verdict> {
  const folder = temporaryFolder('spin');
  try {
    const { path, env } = program('spin');
    const cwd = folder.path;
    await run(path, [...defines.map((define) => `-D${define}`), '-a', model], { cwd, env });
    const options = ['-w', '-O1', '-DSAFETY', '-DCOLLAPSE', '-DVECTORSZ=2048'];
    await run('gcc', [...options, '-o', 'pan', 'pan.c'], { cwd });
    // Processes that wait for ever are at rest, which the model judges itself: no invalid end states (-E).
    const { stdout } = await run(join(cwd, 'pan'), ['-E', '-m200000'], { cwd });
    return {
      errors: Number(/errors: (\d+)/.exec(stdout)?.[1]),
      states: Number(/(\d+) states, stored/.exec(stdout)?.[1]),
      broken: /assertion violated (.*) \(at depth/.exec(stdout)?.[1],
    };
  } finally {
    folder.remove();
  }
}

const faults = { crash: 'CRASHES', freeze: 'FREEZES', cut: 'CUTS' } as const;

/** One fault of this kind, or none, and how often the device moves. */
function world(fault: keyof typeof faults | 'none', moves: number): string[] {
  const kinds = Object.entries(faults).map(([kind, name]) => `${name}=${Number(kind === fault)}`);
  return [`MOVES=${moves}`, ...kinds];
}

for (const [what, defines] of [
  ['a device that moves twice', world('none', 2)],
  ['a hub that dies', world('crash', 1)],
  ['a hub that freezes and goes on', world('freeze', 1)],
  ['a hub that is cut off from the database', world('cut', 0)],
] as const) {
  test(`${what}: no command is sent twice, and each ends once`, async () => {
    const verdict = await search(defines);
    assert.deepEqual([verdict.errors, verdict.broken], [0, undefined]);
    assert.ok(verdict.states > 1_000, `${verdict.states} states`);
  });
  test(`${what}: at rest the retained presence is that of the row, and true`, async () => {
    const verdict = await search(['TOPIC', ...defines]);
    assert.deepEqual([verdict.errors, verdict.broken], [0, undefined]);
    assert.ok(verdict.states > 1_000, `${verdict.states} states`);
  });
}

for (const [fault, defines, broken] of [
  ['NO_OWNER', world('crash', 1), /owner==h/],
  ['NO_MOVES', world('none', 2), /sents<=1/],
  ['RESEND', world('crash', 1), /sents<=1/],
  ['NO_CLEAR', ['TOPIC', ...world('none', 1)], /retainedEpoch==epoch/],
  ['NO_KICK', ['TOPIC', ...world('crash', 1)], /retainedEpoch==epoch/],
] as const) {
  test(`the search finds a fault on purpose: ${fault}`, async () => {
    const verdict = await search([fault, ...defines]);
    assert.equal(verdict.errors, 1);
    assert.match(verdict.broken ?? '', broken);
  });
}
