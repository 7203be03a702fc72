import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run, sanitized, sdkFolder, sdkSources, strict } from '../../helpers/sdk/c-compiler.ts';
import { buildFuzzer, fuzz, fuzzParts } from '../../helpers/sdk/c-fuzz.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdk-c-fuzz-'));
after(() => rmSync(folder, { recursive: true }));

/** The soak `sdk-c` runs as many as it is told. */
const inputs = 2_000;

test('no hostile hub, and no loss of power at any write, breaks a promise of the C SDK', () => {
  const program = buildFuzzer(folder);
  for (const [part, share] of Object.entries(fuzzParts))
    assert.match(fuzz(program, part, 1, inputs * share), /inputs\n$/, part);
});

test('a recall of 500 ids needs no buffer, wrong answers and silence open no session, a full store loses nothing unsaid', () => {
  const program = join(folder, 'scenarios');
  run('gcc', [...strict, ...sanitized, ...sdkSources, join(sdkFolder, '../test/scenarios.c'), '-o', program]);
  assert.equal(run(program, []), 'all hold\n');
});
