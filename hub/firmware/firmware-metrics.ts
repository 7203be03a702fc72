import { rolloutStatuses, updateStates } from '../../schemas/firmware/update-states.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { Artifacts } from './artifacts/artifacts.ts';
import { isEnded } from './rollouts/rollout.ts';
import type { Rollouts } from './rollouts/rollouts.ts';

export function exposeFirmware(
  metrics: Metrics,
  {
    artifacts,
    rollouts,
    publisher,
  }: { artifacts: Artifacts; rollouts: Rollouts; publisher: { readonly failures: number } },
): void {
  metrics.gauge('hub_firmware_artifacts', 'Firmware that devices may be brought to', () => artifacts.count);
  metrics.gauge('hub_firmware_bytes', 'Bytes of firmware in the data folder', () => artifacts.bytes);
  metrics.gauge(
    'hub_firmware_damaged',
    'Firmware whose file is not what it was, so that it is not served',
    () => artifacts.damaged,
  );
  metrics.gauge(
    'hub_rollouts',
    'Rollouts of which some update has not ended, by status',
    () => {
      const counts = Object.fromEntries(rolloutStatuses.map((status) => [status, 0]));
      for (const { rollout } of rollouts.open()) counts[rollout.status] = (counts[rollout.status] ?? 0) + 1;
      return counts;
    },
    'status',
  );
  metrics.gauge(
    'hub_firmware_updates',
    'Devices of the rollouts that have not ended, by where their update stands',
    () => {
      const counts = Object.fromEntries(updateStates.map((state) => [state, 0]));
      for (const { rollout, targets } of rollouts.open()) {
        if (isEnded(rollout)) continue;
        for (const { update } of targets) counts[update.state] = (counts[update.state] ?? 0) + 1;
      }
      return counts;
    },
    'state',
  );
  metrics.counter(
    'hub_rollouts_stopped_total',
    'Rollouts that the hub stopped, by why',
    () => rollouts.stopped,
    'reason',
  );
  metrics.counter(
    'hub_firmware_words_total',
    'What devices said of their updates, by what became of it',
    () => {
      const { words, refusedWords, wordsOverRate } = rollouts.counters;
      return { taken: words, refused: refusedWords, 'over-rate': wordsOverRate };
    },
    'fate',
  );
  metrics.counter(
    'hub_firmware_offers_total',
    'Updates that connected devices were notified of, and those that were withdrawn',
    () => rollouts.delivered,
    'fate',
  );
  metrics.counter(
    'hub_firmware_publish_failures_total',
    'States of updates that the bus did not take; they are published when it is back',
    () => publisher.failures,
  );
  metrics.counter(
    'hub_rollout_write_failures_total',
    'Changes of rollouts that the state database did not take; they are written again',
    () => rollouts.writeFailures,
  );
}
