import { isFailure, type TargetStatus } from './command-status.ts';

/** Counts of the devices of a group command, or of one of its waves, by outcome. */
export interface Tally {
  targets: number;
  succeeded: number;
  /** Ended without success, or uncertain. */
  failed: number;
  /** Under way, or queued. */
  open: number;
  waiting: number;
  skipped: number;
}

export function tally(targets: readonly { readonly status: TargetStatus }[]): Tally {
  const counts: Tally = { targets: targets.length, succeeded: 0, failed: 0, open: 0, waiting: 0, skipped: 0 };
  for (const { status } of targets) {
    if (status === 'succeeded' || status === 'waiting' || status === 'skipped') counts[status]++;
    else if (isFailure(status)) counts.failed++;
    else counts.open++;
  }
  return counts;
}

/** The default size of a wave of a group command: a tenth of its devices. */
export function defaultWave(devices: number): number {
  return Math.max(1, Math.ceil(devices / 10));
}
