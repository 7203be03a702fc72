import { isSettledUpdate } from '../../../schemas/firmware/update-states.ts';
import { isFailure } from './rollout.ts';
import type { Rollouts } from './rollouts.ts';

/** The rollouts of which some update has not ended, and how far their devices are. */
export function rolloutLevels(rollouts: Pick<Rollouts, 'open' | 'stopped'>) {
  const levels = { rolloutsOpen: 0, updatesOpen: 0, updatesSucceeded: 0, updatesFailed: 0 };
  for (const { targets } of rollouts.open()) {
    levels.rolloutsOpen += 1;
    for (const { update } of targets) {
      if (!isSettledUpdate(update.state)) levels.updatesOpen += 1;
      else if (update.state === 'succeeded') levels.updatesSucceeded += 1;
      else if (isFailure(update)) levels.updatesFailed += 1;
    }
  }
  const rolloutsStopped = Object.values(rollouts.stopped).reduce((sum, count) => sum + count, 0);
  return { ...levels, rolloutsStopped };
}
