import { clockDrill, scenes, wrongClocks } from '../helpers/drills/clock-drill.ts';
import { clockFaults } from '../helpers/drills/clock-verdict.ts';
import { report, say } from './report.ts';

/** Every wrong clock at every time at which it may be wrong, one after the other. */
export async function soakClock(): Promise<boolean> {
  const faults: string[] = [];
  for (const clock of Object.keys(wrongClocks)) {
    for (const scene of scenes) {
      try {
        const outcome = await clockDrill({ clock, scene, devices: 20, perSec: 5, wrongMs: 14_000 });
        const { sent, said = 'nothing', rightAfterMs } = outcome;
        say(
          `${clock}, ${scene}: ${sent} readings; said: ${said}; believed after ${Math.round(rightAfterMs)} ms`,
        );
        faults.push(...clockFaults(outcome));
      } catch (error) {
        // The others are tried all the same.
        faults.push(`${clock}, ${scene}: ${error instanceof Error ? error.message : String(error)}`);
        say(faults.at(-1) ?? '');
      }
    }
  }
  report({ faults });
  return faults.length === 0;
}
