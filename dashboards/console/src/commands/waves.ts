import { countOf } from '../number-words.ts';

/** The waves of a group command, as its report tells them: the devices stand in the order of their waves. */

export interface TargetRow {
  readonly device: string;
  readonly status: string;
  readonly reason?: string;
}

export interface Wave {
  /** From 1. */
  readonly number: number;
  readonly targets: readonly TargetRow[];
  readonly succeeded: number;
  /** Ended otherwise, or uncertain: what counts against the limit. */
  readonly failed: number;
  readonly open: number;
  /** Not sent for yet. */
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
export function wavesOf(targets: readonly TargetRow[], size: number): Wave[] {
  const waves: Wave[] = [];
  for (let from = 0; from < targets.length; from += size) {
    waves.push(waveOf(waves.length + 1, targets.slice(from, from + size)));
  }
  return waves;
}

function waveOf(number: number, targets: readonly TargetRow[]): Wave {
  const counts = { succeeded: 0, failed: 0, open: 0, waiting: 0, skipped: 0 };
  for (const { status } of targets) {
    if (status === 'succeeded' || status === 'waiting' || status === 'skipped') counts[status]++;
    else if (failures.has(status)) counts.failed++;
    else counts.open++;
  }
  return { number, targets, ...counts };
}

/** Devices in one wave when nobody says: a tenth of them, as the hub does it. */
export function defaultWave(devices: number): number {
  return Math.max(1, Math.ceil(devices / 10));
}

/** The plan in a sentence. */
export function planWords(devices: number, size: number, maxFailures: number): string {
  const waves = Math.ceil(devices / size);
  const spread = waves <= 1 ? 'all at once' : `in ${waves} waves of ${size}`;
  const next = waves <= 1 ? '' : ' A wave begins when nothing of the one before is under way any more.';
  return `${countOf(devices, 'device')}, ${spread}.${next} It stops when more than ${countOf(maxFailures, 'device')} failed.`;
}

/** Devices that were shown before and are not there now, and the other way round. */
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
