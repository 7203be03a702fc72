import type { NewRollout } from '../../../../schemas/api/firmware/rollouts.ts';
import { viewerZone } from '../time.ts';

/** A rollout as it is filled in. */
export interface RolloutPlan {
  readonly type: string;
  readonly version: string;
  /** A stored group, or a selector. */
  readonly target: string;
  readonly waves: string;
  readonly maxFailures: string;
  readonly deadlineSec: string;
  readonly soakSec: string;
  /** Of the window of the day, `HH:MM`; empty: at any time. */
  readonly from: string;
  readonly to: string;
  readonly zone: string;
}

/** With what the hub takes when nothing is given. */
export function newPlan({ type, version }: { type: string; version: string }): RolloutPlan {
  return {
    type,
    version,
    target: `type=${type}`,
    waves: '1%, 5%, 15%, 50%, 100%',
    maxFailures: '0',
    deadlineSec: '86400',
    soakSec: '300',
    from: '',
    to: '',
    zone: viewerZone,
  };
}

/** What is sent; the hub judges it. @param groups names of the stored groups */
export function requestOf(plan: RolloutPlan, groups: readonly string[]): NewRollout {
  const { type, version, waves, maxFailures, deadlineSec, soakSec, from, to, zone } = plan;
  const target = plan.target.trim();
  return {
    type,
    version,
    ...(groups.includes(target) ? { group: target } : { to: target }),
    waves: waves.split(/[\s,]+/).filter((wave) => wave !== ''),
    maxFailures: Number(maxFailures),
    deadlineSec: Number(deadlineSec),
    soakSec: Number(soakSec),
    ...(from === '' || to === '' ? {} : { window: { from, to, zone } }),
  };
}
