import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFuzzer, fuzz, fuzzParts } from '../helpers/sdk/c-fuzz.ts';

const usualInputs = 10_000_000;

/** So many hostile inputs for the C SDK, with a seed of their own in each run. @param inputs of all parts together */
export async function soakSdkC(inputs = usualInputs): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'sdk-c-fuzz-'));
  try {
    const program = buildFuzzer(folder);
    const shares = Object.values(fuzzParts).reduce((sum, share) => sum + share, 0);
    const seed = Date.now() % 1_000_000;
    for (const [part, share] of Object.entries(fuzzParts)) {
      const count = Math.ceil((inputs * share) / shares);
      process.stdout.write(`seed ${seed}: ${fuzz(program, part, seed, count)}`);
    }
    return true;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
