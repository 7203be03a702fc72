import type { GroupTarget } from '../../../../schemas/api/group-commands.ts';
import { countOf } from '../number-words.ts';

/** The waves of a group command, from its report, which lists the devices in the order of their waves. */

export interface Wave {
  /** From 1. */
  readonly number: number;
  readonly targets: readonly GroupTarget[];
  readonly succeeded: number;
  /** Ended without success, or uncertain: these count against the limit. */
  readonly failed: number;
  readonly open: number;
  /** Its wave has not started yet. */
  readonly waiting: number;
  /** Never sent. */
  readonly skipped: number;
}

const failures: ReadonlySet<string> = new Set([
  'failed',
  'rejected',
  'expired',
  'cancelled',
  'lost',
  'uncertain',
]);

/** @param size devices in one wave, ≥ 1 */
export function wavesOf(targets: readonly GroupTarget[], size: number): Wave[] {
  const waves: Wave[] = [];
  for (let from = 0; from < targets.length; from += size) {
    waves.push(waveOf(waves.length + 1, targets.slice(from, from + size)));
  }
  return waves;
}

function waveOf(number: number, targets: readonly GroupTarget[]): Wave {
  const counts = { succeeded: 0, failed: 0, open: 0, waiting: 0, skipped: 0 };
  for (const { status } of targets) {
    if (status === 'succeeded' || status === 'waiting' || status === 'skipped') counts[status]++;
    else if (failures.has(status)) counts.failed++;
    else counts.open++;
  }
  return { number, targets, ...counts };
}

/** The default number of devices in one wave: a tenth of them, as in the hub. */
export function defaultWave(devices: number): number {
  return Math.max(1, Math.ceil(devices / 10));
}

/** The plan in a sentence. */
export function planWords(devices: number, size: number, maxFailures: number): string {
  const waves = Math.ceil(devices / size);
  const division = waves <= 1 ? 'in one wave' : `in ${waves} waves of ${size}`;
  const next = waves <= 1 ? '' : ' Each wave starts when the previous one has finished.';
  const stop =
    maxFailures === 0 ? 'at the first failure' : `after more than ${countOf(maxFailures, 'failure')}`;
  return `${countOf(devices, 'device')}, ${division}.${next} Stops ${stop}.`;
}

/** Devices that appeared or disappeared between the preview and now. */
export function differences(
  shown: readonly string[],
  actual: readonly string[],
): { added: string[]; gone: string[] } {
  const before = new Set(shown);
  const now = new Set(actual);
  return {
    added: actual.filter((device) => !before.has(device)),
    gone: shown.filter((device) => !now.has(device)),
  };
}
