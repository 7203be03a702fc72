import type { CommandQuery } from '../../schemas/api/commands.ts';
import type { Command } from './command.ts';

/** Where a caller wants the final answer: MQTT 5 Response Topic and Correlation Data. */
export interface AnswerAddress {
  readonly topic: string;
  readonly correlation?: Uint8Array | undefined;
}

export interface CommandRecord {
  readonly command: Command;
  readonly answerTo?: AnswerAddress | undefined;
}

/** One MQTT delivery, kept so that its repetition (DUP) is recognised even after a crash. */
export interface Delivery {
  /** Session, packet id, topic and payload in one: equal only for the same packet. */
  readonly key: string;
  /** Unix ms; it may be forgotten afterwards. */
  readonly expiresMs: number;
}

/** What became of a new command. */
export type Acceptance =
  /** `ours`: this hub delivers it. Otherwise another hub owns the device, and does. */
  | { kind: 'added'; ours: boolean }
  /** The device has a command with this id, and nothing was written. */
  | { kind: 'known' };

/**
 * The commands on disk: every command with its state, and whether its final answer has reached the broker.
 * Each write resolves once it is on disk, and writes take effect in the order of the calls.
 * Everything throws HubError `database-failed`: nothing was written, unless `details.reason` is
 * `worker-died` or `connection-lost`: then it is not known.
 */
export interface CommandJournal {
  /** Commands without a final status, oldest first. */
  open(): Promise<CommandRecord[]>;
  /** Commands whose final answer is owed, oldest first, after the cursor of the page before. */
  unanswered(page: {
    limit: number;
    after?: number | undefined;
  }): Promise<{ records: CommandRecord[]; last?: number | undefined }>;
  find(device: string, id: string): Promise<CommandRecord | undefined>;
  /** Newest first; the cursor of one page, `last`, is the `before` of the next. */
  list(query: CommandQuery): Promise<{ commands: Command[]; last?: number | undefined }>;
  wasDelivered(key: string): Promise<boolean>;
  /** A new command (already final when it can never be sent) and the delivery that brought it, together. */
  accept(record: CommandRecord, final: boolean, delivery?: Delivery): Promise<Acceptance>;
  /**
   * The command's next state.
   * @returns false, and nothing written, when it is not ours to change: it has a final status in the journal, or another
   *   hub owns its device by now
   */
  save(command: Command, final: boolean): Promise<boolean>;
  /** The broker has the final answers of these. */
  answered(commands: readonly Pick<Command, 'device' | 'id'>[]): Promise<void>;
  /** Forgets answered commands that ended before `endedBeforeMs`, and deliveries that expired before `nowMs`. */
  prune(endedBeforeMs: number, nowMs: number): Promise<void>;
}
