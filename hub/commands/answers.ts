import { isFinal } from '../../schemas/command-status.ts';
import type { OutgoingMessage } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { CommandCounters } from './command-counters.ts';
import type { Command } from './command.ts';
import type { CommandJournal, CommandRecord } from './journal.ts';
import { answerMessage, payloadOf, traceProperties } from './status-payload.ts';
import type { StatusPublisher } from './status-publisher.ts';

/** Sees each state of every command once it is in the journal; must not throw. */
export interface CommandFollower {
  commandChanged(command: Command): void;
}

interface AnswersDeps {
  clock: Clock;
  log: Log;
  statuses: StatusPublisher;
  journal: CommandJournal;
  topics: Topics;
  counters: Pick<CommandCounters, 'statusesDropped'>;
  followers: readonly CommandFollower[];
}

const retryOwedMs = 5_000;
/** Answers that the broker has are noted in the journal together: nobody waits for it, and each note costs a sync. */
const noteTogetherMs = 50;
const owedPage = 100;
const maxHeldBack = 10_000;

/**
 * Publishes the statuses of commands. A final answer is owed until the broker has it: it stays unanswered in the
 * journal and is published again after a restart, so a listener may get one twice, and never none.
 */
export class Answers {
  readonly #deps: AnswersDeps;
  /** Final answers being published now, or not yet noted in the journal, by device/id. */
  readonly #inFlight = new Set<string>();
  /** Those that the broker has, until the journal has noted it. */
  #taken: Command[] = [];
  /** Statuses that wait for the first connection to the broker. */
  #heldBack: CommandRecord[] | undefined = [];
  #sweeping = false;
  #sweepAgain = false;
  #closed = false;

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  /** Publishes the status of a command whose state is in the journal. @param changed no: only its progress is new */
  announce(record: CommandRecord, changed = true): void {
    if (changed) for (const follower of this.#deps.followers) follower.commandChanged(record.command);
    const final = isFinal(record.command.status);
    if (this.#heldBack === undefined) this.#publish(record);
    else if (this.#heldBack.length < maxHeldBack) this.#heldBack.push(record);
    else if (!final) this.#deps.counters.statusesDropped++;
  }

  /** The broker is there, for the first time or again: publishes what waited for it, and every answer that is owed. */
  busConnected(): void {
    const heldBack = this.#heldBack ?? [];
    this.#heldBack = undefined;
    for (const record of heldBack) this.#publish(record);
    void this.sweep();
  }

  /** Resolves when the journal has noted what the broker has taken until now. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#note();
  }

  #publish(record: CommandRecord): void {
    if (isFinal(record.command.status)) void this.#settle(record);
    else this.#deps.statuses.publish(statusMessage(this.#deps.topics, record.command));
  }

  /** Publishes a final answer to all who wait for it, and has the journal note that the broker has it. */
  async #settle({ command, answerTo }: CommandRecord): Promise<void> {
    const { topics, statuses, log } = this.#deps;
    const key = keyOf(command);
    if (this.#inFlight.has(key)) return;
    this.#inFlight.add(key);
    try {
      const messages = [statusMessage(topics, command)];
      if (answerTo !== undefined)
        messages.push(answerMessage(answerTo, payloadOf(command), traceProperties(command)));
      await Promise.all(messages.map((message) => statuses.publishOwed(message)));
      this.#noteSoon(command);
    } catch (error) {
      this.#inFlight.delete(key);
      log.warn({ command: key, err: error }, 'a final answer is still owed');
      this.#retryLater();
    }
  }

  #noteSoon(command: Command): void {
    this.#taken.push(command);
    if (this.#closed) void this.#note();
    else if (this.#taken.length === 1) this.#deps.clock.after(noteTogetherMs, () => void this.#note());
  }

  async #note(): Promise<void> {
    const taken = this.#taken;
    if (taken.length === 0) return;
    this.#taken = [];
    try {
      await this.#deps.journal.answered(taken);
    } catch (error) {
      this.#deps.log.warn({ commands: taken.length, err: error }, 'final answers are still owed');
      this.#retryLater();
    } finally {
      for (const command of taken) this.#inFlight.delete(keyOf(command));
    }
  }

  /** Publishes every answer that is owed. */
  async sweep(): Promise<void> {
    if (this.#heldBack !== undefined || this.#closed) return;
    this.#sweepAgain = this.#sweeping;
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      for (let after: number | undefined; ;) {
        const page = await this.#deps.journal.unanswered({ limit: owedPage, after });
        await Promise.all(page.records.map((record) => this.#settle(record)));
        if (page.last === undefined || this.#closed) break;
        after = page.last;
      }
    } catch (error) {
      this.#deps.log.error({ err: error }, 'the owed answers cannot be read');
      this.#retryLater();
    } finally {
      this.#sweeping = false;
    }
    if (this.#sweepAgain) await this.sweep();
  }

  #retryLater(): void {
    if (!this.#closed) this.#deps.clock.after(retryOwedMs, () => void this.sweep());
  }
}

function keyOf({ device, id }: Command): string {
  return `${device}/${id}`;
}

/** The status of a command on its own topic. */
export function statusMessage(topics: Topics, command: Command): OutgoingMessage {
  const topic = topics.status(command.device, command.id, command.status);
  const message: OutgoingMessage = { topic, payload: JSON.stringify(payloadOf(command)), qos: 1 };
  return command.trace === undefined ? message : { ...message, userProperties: traceProperties(command) };
}
