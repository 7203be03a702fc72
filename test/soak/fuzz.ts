import { fuzz } from '../helpers/fuzz/fuzz.ts';
import { report, say } from './report.ts';

const minuteMs = 60_000;

/**
 * Fuzzing of every door: `npm run soak -- fuzz [minutes]`. A finding is seen again with
 * `npm run soak -- fuzz 1 DOOR SEED [PATH]`.
 */
export async function soakFuzz(minutes = 60, [door, seed, path]: readonly string[] = []): Promise<boolean> {
  const again =
    door === undefined || seed === undefined
      ? undefined
      : { door, seed: Number(seed), ...(path === undefined ? {} : { path }) };
  const found = await fuzz({
    forMs: minutes * minuteMs,
    say,
    ...(again === undefined ? {} : { again }),
  });
  const answers = [...found.answers].map(([name, tally]) => [name, Object.fromEntries(tally)] as const);
  report({ ...found, answers: Object.fromEntries(answers) });
  return found.findings.length === 0;
}
