import { fuzzPython, pythonFuzzParts } from '../helpers/sdk/python-sdk.ts';

const usualInputs = 1_000_000;

/** So many hostile inputs for the Python SDK, with a seed of their own in each run. @param inputs of all parts together */
export async function soakSdkPython(inputs = usualInputs): Promise<boolean> {
  const shares = Object.values(pythonFuzzParts).reduce((sum, share) => sum + share, 0);
  const seed = Date.now() % 1_000_000;
  for (const [part, share] of Object.entries(pythonFuzzParts)) {
    const count = Math.ceil((inputs * share) / shares);
    process.stdout.write(`seed ${seed}: ${fuzzPython(part, seed, count)}`);
  }
  return true;
}
