import { noisyNeighbours } from '../helpers/drills/noisy.ts';
import { report } from './report.ts';

/** 100 devices beside one that floods and one that never reads. */
export async function soakNoisy(): Promise<boolean> {
  const numbers = await noisyNeighbours({ devices: 100, runMs: 30_000 });
  report(numbers);
  return numbers.noisyP99Ms <= numbers.quietP99Ms * 2 && numbers.rateAbuseCloses > 0;
}
