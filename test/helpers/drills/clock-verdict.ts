import type { ClockReport } from './clock-drill.ts';

/** A clock that is off by no more is nothing to speak of: readings pass by it. */
const unspoken = new Set(['10 s ahead', '10 s behind']);
/** How long a hub may doubt a clock that is right again, ms: until devices have told theirs, or it has caught up. */
const longestDoubtMs = 15_000;
const hourMs = 3_600_000;

/** What a clock drill found to be wrong, in words. */
export function clockFaults(report: ClockReport): string[] {
  const { clock, scene, sent, acked, refused, missing, strange, said, rightAfterMs, nextInMs, imbalance } =
    report;
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(`${clock}, ${scene}: ${fault}`);
  };
  expect(sent > 0 && acked === sent, `${acked} of ${sent} readings acked`);
  expect(refused === 0, `${refused} readings refused permanently`);
  expect(missing.length === 0, `acked and not stored: ${missing.slice(0, 3).join(', ')}`);
  expect(strange.length === 0, `stored and never sent: ${strange.slice(0, 3).join(', ')}`);
  expect(imbalance === 0, `the ledger is out of balance by ${imbalance}`);
  // A start an hour or a month later is no fault as such: the machine may have been off so long.
  const noticed =
    said !== undefined || unspoken.has(clock) || (scene !== 'running' && clock.endsWith(' ahead'));
  expect(noticed, 'nothing was said of the clock');
  expect(rightAfterMs <= longestDoubtMs, `doubted for ${Math.round(rightAfterMs)} ms after it was right`);
  expect(
    nextInMs > 0 && nextInMs <= hourMs,
    `an hourly schedule is due in ${Math.round(nextInMs / hourMs)} h`,
  );
  return faults;
}
