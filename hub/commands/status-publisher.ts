import type { OutgoingMessage, Publisher } from '../bus/bus.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { CommandCounters } from './command-counters.ts';

/** Publishes statuses and answers, of commands and of group commands. */
export class StatusPublisher {
  readonly #publisher: Publisher;
  readonly #log: Log;
  readonly #counters: Pick<CommandCounters, 'statusesDropped' | 'answersRefused'>;

  constructor(deps: {
    publisher: Publisher;
    log: Log;
    counters: Pick<CommandCounters, 'statusesDropped' | 'answersRefused'>;
  }) {
    this.#publisher = deps.publisher;
    this.#log = deps.log;
    this.#counters = deps.counters;
  }

  /** A status that nobody is owed: one that the bus does not take is counted, and not published again. */
  publish(message: OutgoingMessage): void {
    this.#publisher.publish(message).catch((error: unknown) => {
      this.#counters.statusesDropped++;
      this.#log.debug({ topic: message.topic, reason: messageOf(error) }, 'a status was not published');
    });
  }

  /**
   * A final answer: resolves when the broker has it, or has refused it permanently. A topic that the broker forbids
   * stays forbidden, so nothing is owed there any more.
   * @throws HubError `bus-unavailable`: it is still owed
   */
  async publishOwed(message: OutgoingMessage): Promise<void> {
    try {
      await this.#publisher.publish(message);
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== 'bus-refused') throw error;
      this.#counters.answersRefused++;
      this.#log.warn({ topic: message.topic, reason: messageOf(error) }, 'the broker refused an answer');
    }
  }
}
