import type { CommandView } from '../../schemas/api/commands.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import type { OutgoingMessage, Publisher } from '../bus/bus.ts';
import type { CommandCounters } from './command-counters.ts';
import type { Refusal } from './command-request.ts';
import { isFinal, type Command } from './command.ts';
import type { AnswerAddress, CommandJournal, CommandRecord } from './journal.ts';
import type { Topics } from '../bus/topics.ts';

interface AnswersDeps {
  clock: Clock;
  log: Log;
  publisher: Publisher;
  journal: CommandJournal;
  topics: Topics;
  counters: CommandCounters;
  /** Sees each state of a command once it is in the journal. */
  watch: CommandWatcher;
}

export type CommandWatcher = (command: Command) => void;

/** A request that never became a command; `id` names the status topic it is told on. */
export interface RefusedRequest extends Refusal {
  readonly device: string;
  readonly id: string;
  /** The caller's own id, where another command has it already and `id` is a fresh one. */
  readonly requestedId?: string;
  readonly name: string;
}

const retryOwedMs = 5_000;
const owedPage = 100;
const maxHeldBack = 10_000;

/**
 * Tells statuses over the bus. A final answer is owed until the broker has it: it stays unanswered in the
 * journal and is published again after a restart, so a listener may see one twice, and never none.
 */
export class Answers {
  readonly #deps: AnswersDeps;
  /** Finals being published now, by device/id. */
  readonly #inFlight = new Set<string>();
  /** What was to be told before the bus was first there. */
  #heldBack: (() => void)[] | undefined = [];
  #sweeping = false;
  #sweepAgain = false;
  #closed = false;

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  /** Tells the status of a command whose state is in the journal. @param changed no: it is only further on */
  announce(record: CommandRecord, changed = true): void {
    if (changed) this.#deps.watch(record.command);
    this.#publish(record);
  }

  #publish(record: CommandRecord): void {
    if (this.#heldBack !== undefined) {
      if (this.#heldBack.length < maxHeldBack) this.#heldBack.push(() => this.#publish(record));
      else if (!isFinal(record.command.status)) this.#deps.counters.statusesDropped++;
      return;
    }
    if (isFinal(record.command.status)) void this.#settle(record);
    else this.#tell(this.#statusMessage(record.command));
  }

  /** Tells a caller who asked again where the command stands. */
  repeat(command: Command, answerTo: AnswerAddress | undefined): void {
    this.#tell(this.#statusMessage(command));
    if (answerTo !== undefined) this.#tell(answerMessage(answerTo, payloadOf(command)));
  }

  refuse(refused: RefusedRequest, answerTo: AnswerAddress | undefined): void {
    const { reason, errors, device, id, requestedId, name } = refused;
    const payload = {
      id,
      device,
      name,
      status: 'rejected',
      ts: this.#deps.clock.now(),
      reason,
      ...(errors === undefined ? {} : { errors }),
      ...(requestedId === undefined ? {} : { requestedId }),
    };
    const topic = this.#deps.topics.status(device, id, 'rejected');
    this.#tell({ topic, payload: JSON.stringify(payload), qos: 1 });
    if (answerTo !== undefined) this.#tell(answerMessage(answerTo, payload));
  }

  /** The broker is there (again): publishes what waited for it, and every answer that is owed. */
  busConnected(): void {
    const heldBack = this.#heldBack ?? [];
    this.#heldBack = undefined;
    for (const tell of heldBack) tell();
    void this.#sweep();
  }

  close(): void {
    this.#closed = true;
  }

  #tell(message: OutgoingMessage): void {
    this.#deps.publisher.publish(message).catch((error: unknown) => {
      this.#deps.counters.statusesDropped++;
      this.#deps.log.debug({ topic: message.topic, err: error }, 'a status was not published');
    });
  }

  /** Publishes a final answer to all who wait for it, and notes in the journal that the broker has it. */
  async #settle({ command, answerTo }: CommandRecord): Promise<void> {
    const key = `${command.device}/${command.id}`;
    if (this.#inFlight.has(key)) return;
    this.#inFlight.add(key);
    try {
      const messages = [this.#statusMessage(command)];
      if (answerTo !== undefined) messages.push(answerMessage(answerTo, payloadOf(command)));
      await Promise.all(messages.map((message) => this.#publishOwed(message)));
      await this.#deps.journal.answered(command.device, command.id);
    } catch (error) {
      this.#deps.log.warn({ command: key, err: error }, 'a final answer is still owed');
      if (!this.#closed) this.#deps.clock.after(retryOwedMs, () => void this.#sweep());
    } finally {
      this.#inFlight.delete(key);
    }
  }

  /** A topic the broker forbids stays forbidden: nothing is owed there any more. */
  async #publishOwed(message: OutgoingMessage): Promise<void> {
    try {
      await this.#deps.publisher.publish(message);
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== 'bus-refused') throw error;
      this.#deps.counters.answersRefused++;
      this.#deps.log.warn({ topic: message.topic, reason: messageOf(error) }, 'the broker refused an answer');
    }
  }

  async #sweep(): Promise<void> {
    if (this.#heldBack !== undefined || this.#closed) return;
    this.#sweepAgain = this.#sweeping;
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      for (let after: number | undefined; ;) {
        const page = await this.#deps.journal.unanswered({
          limit: owedPage,
          ...(after === undefined ? {} : { after }),
        });
        await Promise.all(page.records.map((record) => this.#settle(record)));
        if (page.last === undefined || this.#closed) break;
        after = page.last;
      }
    } catch (error) {
      this.#deps.log.error({ err: error }, 'the owed answers cannot be read');
      if (!this.#closed) this.#deps.clock.after(retryOwedMs, () => void this.#sweep());
    } finally {
      this.#sweeping = false;
    }
    if (this.#sweepAgain) await this.#sweep();
  }

  #statusMessage(command: Command): OutgoingMessage {
    const topic = this.#deps.topics.status(command.device, command.id, command.status);
    return { topic, payload: JSON.stringify(payloadOf(command)), qos: 1 };
  }
}

/** What a status topic carries of a command. */
export type CommandStatusPayload = Omit<CommandView, 'final' | 'params' | 'accepted' | 'actor' | 'origin'>;

/** A command as every door shows it; times are Unix ms on the hub's clock. */
export function payloadOf(command: Command): CommandStatusPayload {
  const { id, device, name, status, reason, errors, output, percent, note, cancelRequested } = command;
  return {
    id,
    device,
    name,
    status,
    ts: status === 'running' ? (command.reportedMs ?? command.changedMs) : command.changedMs,
    deadline: command.deadlineMs,
    ...(reason === undefined ? {} : { reason }),
    ...(errors === undefined ? {} : { errors }),
    ...(output === undefined ? {} : { output }),
    ...(status === 'running' && percent !== undefined ? { percent } : {}),
    ...(status === 'running' && note !== undefined ? { note } : {}),
    ...(cancelRequested ? { cancelRequested } : {}),
  };
}

export function answerMessage(
  to: AnswerAddress,
  payload: { readonly status: string; readonly reason?: string },
): OutgoingMessage {
  const { status, reason } = payload;
  return {
    topic: to.topic,
    payload: JSON.stringify(payload),
    qos: 1,
    ...(to.correlation === undefined ? {} : { correlationData: to.correlation }),
    userProperties: { status, ...(reason === undefined ? {} : { reason: plainText(reason) }) },
  };
}

/**
 * A device's words as a UTF-8 string property: brokers close the connection over control characters and
 * non-characters in one [MQTT-1.5.4-1, MQTT 5 §1.5.4]. The payload has the words as they came.
 */
function plainText(words: string): string {
  return words.toWellFormed().replace(/[\p{Cc}\p{Noncharacter_Code_Point}]/gu, ' ');
}
