import type { Metrics } from '../kernel/metrics.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { CommandStages } from './stages.ts';

/** Seconds, from a command on loopback to one that waited a day for its device. */
const stageBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400];

/** The counts of commands on the `/metrics` page. */
export function exposeCommands(
  metrics: Metrics,
  { dispatcher, stages }: { dispatcher: Dispatcher; stages: CommandStages },
): void {
  const { counters } = dispatcher;
  metrics.counter('hub_commands_accepted_total', 'Commands accepted', () => counters.accepted);
  metrics.counter(
    'hub_commands_refused_total',
    'Commands refused, by reason',
    () => counters.refused,
    'reason',
  );
  metrics.counter(
    'hub_commands_left_to_others_total',
    'Requests over MQTT not answered, because another hub uses the same topics',
    () => counters.leftToOthers,
  );
  metrics.counter(
    'hub_command_journal_faults_total',
    'Attempts to write a state of a command that the disk did not take; each is tried again',
    () => counters.journalFaults,
  );
  metrics.counter(
    'hub_commands_not_ours_total',
    'Commands let go because the journal says that they are not ours any more',
    () => counters.notOurs,
  );
  metrics.counter('hub_commands_total', 'Commands ended, by final status', () => counters.finals, 'status');
  metrics.gauge('hub_commands_open', 'Commands without a final status', () => dispatcher.levels().open);
  metrics.gauge('hub_commands_uncertain', 'Commands uncertain now', () => dispatcher.levels().uncertain);
  stages.expose(
    metrics.histogram(
      'hub_command_stage_seconds',
      'Time commands spent: queued (accepted to sent), delivery (to received), run (to the final status), total',
      stageBuckets,
      ['stage'],
    ),
  );
}
