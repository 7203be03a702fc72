import type { CommandQuery } from '../../schemas/api/commands/commands.ts';
import type { Command } from './command.ts';

/** Where a caller wants the final answer: MQTT 5 Response Topic and Correlation Data. */
export interface AnswerAddress {
  readonly topic: string;
  readonly correlation?: Uint8Array | undefined;
}

export interface CommandRecord {
  readonly command: Command;
  readonly answerTo?: AnswerAddress | undefined;
  /** How many hubs it has been handed on to, when several share the journal: what was begun under an earlier one is void. */
  readonly moves?: number | undefined;
}

/** One MQTT delivery, kept so that its repetition (DUP) is recognised even after a crash. */
export interface Delivery {
  /** Session, packet id, topic and payload in one: equal only for the same packet. */
  readonly key: string;
  /** Unix ms; it may be forgotten afterwards. */
  readonly expiresMs: number;
  /** Of the lease under which this hub takes requests from the broker; absent: it is the only hub that does. */
  readonly gateToken?: number | undefined;
}

/** What became of a new command. */
export type Acceptance =
  /** `owner`: another hub owns the device, and delivers it; absent: this hub does. */
  | { kind: 'added'; owner?: string }
  /** Another hub takes the requests of the broker by now, and will get this one again. Nothing was written. */
  | { kind: 'not-ours' }
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
   * @param moves of the record that it goes back to
   */
  save(command: Command, final: boolean, moves?: number): Promise<boolean>;
  /** The broker has the final answers of these. */
  answered(commands: readonly Pick<Command, 'device' | 'id'>[]): Promise<void>;
  /** Forgets answered commands that ended before `endedBeforeMs`, and deliveries that expired before `nowMs`. */
  prune(endedBeforeMs: number, nowMs: number): Promise<void>;
}

/** What a hub that is one of several also asks of the journal. Everything throws HubError `database-failed`. */
export interface SharedJournal {
  /** Commands of these devices that are ours and have no final status, oldest first. */
  openOf(devices: readonly string[]): Promise<CommandRecord[]>;
  /** Commands that are ours and that nobody has begun to deliver, oldest first: another hub may have accepted them. */
  accepted(): Promise<CommandRecord[]>;
  /** These commands as they are now, whoever has them. */
  states(commands: readonly Pick<Command, 'device' | 'id'>[]): Promise<Command[]>;
}
