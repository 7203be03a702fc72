import type { OutgoingMessage } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Cancel, Clock } from '../../../schemas/time/clock.ts';
import type { GroupCommandJournal, GroupCommandRecord } from './group-command-journal.ts';
import { groupPayloadOf, type GroupStatusPayload } from './group-status-payload.ts';
import type { AnswerAddress } from '../journal.ts';
import { answerMessage } from '../status-payload.ts';
import type { StatusPublisher } from '../status-publisher.ts';

/** Sees each state of every group command once it is in the journal, and its progress; must not throw. */
export interface GroupCommandFollower {
  groupCommandChanged(record: GroupCommandRecord): void;
}

interface GroupAnswersDeps {
  clock: Clock;
  log: Log;
  topics: Topics;
  statuses: StatusPublisher;
  journal: Pick<GroupCommandJournal, 'unanswered' | 'answered'>;
  /** Other hubs publish reports, too, and this one takes up what they leave. */
  several?: boolean | undefined;
}

const retryOwedMs = 5_000;
/** Whether another hub has left some that are owed, ms. */
const takeUpMs = 10_000;

/**
 * Publishes the statuses of group commands on `{root}/group-status/{group}/{id}/{status}`. The final report is owed
 * until the broker has it.
 */
export class GroupAnswers implements GroupCommandFollower {
  readonly #deps: GroupAnswersDeps;
  /** Final reports being published now. */
  readonly #inFlight = new Set<string>();
  #retry: Cancel | undefined;
  #takingUp: Cancel | undefined;
  #closed = false;

  constructor(deps: GroupAnswersDeps) {
    this.#deps = deps;
  }

  groupCommandChanged(record: GroupCommandRecord): void {
    if (record.groupCommand.status === 'running') this.publish(record);
    else void this.#settle(record);
  }

  /** Publishes its status. @param answerTo where a repeated request wants it too */
  publish(record: GroupCommandRecord, answerTo?: AnswerAddress): void {
    const { clock, statuses } = this.#deps;
    const payload = groupPayloadOf(record, clock.now());
    statuses.publish(this.#statusMessage(payload));
    if (answerTo !== undefined) statuses.publish(answerMessage(answerTo, payload));
  }

  /** The broker is there, for the first time or again: publishes the final reports that are owed. */
  busConnected(): void {
    void this.#sweep();
    const { clock, several } = this.#deps;
    if (several === true) this.#takingUp ??= clock.every(takeUpMs, () => void this.#sweep());
  }

  close(): void {
    this.#closed = true;
    this.#retry?.();
    this.#takingUp?.();
  }

  async #settle(record: GroupCommandRecord): Promise<void> {
    const { clock, statuses, journal, log } = this.#deps;
    const { id, answerTo } = record.groupCommand;
    if (this.#inFlight.has(id)) return;
    this.#inFlight.add(id);
    try {
      const payload = groupPayloadOf(record, clock.now());
      await statuses.publishOwed(this.#statusMessage(payload));
      if (answerTo !== undefined) await statuses.publishOwed(answerMessage(answerTo, payload));
      await journal.answered(id);
    } catch (error) {
      log.warn({ groupCommand: id, reason: messageOf(error) }, 'a group report is still owed');
      this.#retryLater();
    } finally {
      this.#inFlight.delete(id);
    }
  }

  async #sweep(): Promise<void> {
    try {
      for (const record of await this.#deps.journal.unanswered()) await this.#settle(record);
    } catch (error) {
      this.#deps.log.error({ reason: messageOf(error) }, 'the owed group reports cannot be read');
      this.#retryLater();
    }
  }

  #retryLater(): void {
    this.#retry?.();
    if (!this.#closed) this.#retry = this.#deps.clock.after(retryOwedMs, () => void this.#sweep());
  }

  #statusMessage(payload: GroupStatusPayload): OutgoingMessage {
    const topic = this.#deps.topics.groupStatus(payload.group, payload.id, payload.status);
    return { topic, payload: JSON.stringify(payload), qos: 1 };
  }
}
