import type { FinalStatus } from '../../schemas/command-status.ts';

/** Totals since the start, plain integers that a scrape reads. */
export interface CommandCounters {
  /** Journalled, including those that ended immediately (offline, age unknown). */
  accepted: number;
  /** Repetitions of a command the hub has already. */
  repeated: number;
  /** Requests that never became a command, by reason. */
  refused: Record<string, number>;
  /** Requests over MQTT that were not answered, because another hub uses the same topics. */
  leftToOthers: number;
  /** Command frames written. */
  sent: number;
  finals: Record<FinalStatus, number>;
  /** Results that came after the final status. */
  lateResults: number;
  /** Outputs dropped because the device type's schema refuses them. */
  badOutputs: number;
  /** Results of commands the device was never sent. */
  disowned: number;
  /** Result lookups refused because too many were under way. */
  overloaded: number;
  /** Statuses short of final that the bus did not take. */
  statusesDropped: number;
  /** Final answers that the broker refused permanently. */
  answersRefused: number;
  /** Journal writes that failed and were tried again. */
  journalFaults: number;
  /** Commands let go because the journal says that they are not ours any more. */
  notOurs: number;
}

export function newCommandCounters(): CommandCounters {
  return {
    accepted: 0,
    repeated: 0,
    refused: {},
    leftToOthers: 0,
    sent: 0,
    finals: { succeeded: 0, failed: 0, rejected: 0, expired: 0, cancelled: 0, lost: 0 },
    lateResults: 0,
    badOutputs: 0,
    disowned: 0,
    overloaded: 0,
    statusesDropped: 0,
    answersRefused: 0,
    journalFaults: 0,
    notOurs: 0,
  };
}
