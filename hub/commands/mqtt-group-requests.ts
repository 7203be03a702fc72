import type { GroupCommandSummary } from '../../schemas/api/group-commands.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import type { Dispatcher } from './dispatcher.ts';
import { groupAsk, mqttRequester } from './command-audit.ts';
import { answerMessage } from './answers.ts';
import type { IncomingMessage, Publisher } from '../bus/bus.ts';
import { newCommandId } from './command-id.ts';
import { parsePayload, type Refusal } from './command-request.ts';
import type { AnswerAddress, Delivery } from './journal.ts';
import type { GroupCommandJournal, GroupCommandRecord } from './group-command-journal.ts';
import { tally } from './group-command.ts';
import type { GroupCommands } from './group-commands.ts';
import { isName, type Topics } from '../bus/topics.ts';

/** What the MQTT door has read of a group command already. */
export interface GroupMessage {
  readonly group: string;
  readonly name: string;
  readonly message: IncomingMessage;
  readonly answerTo?: AnswerAddress;
  readonly delivery?: Omit<Delivery, 'expiresMs'>;
  /** A fault of the message itself: retained, or without a good place for the answer. */
  readonly refusal?: Refusal;
}

interface GroupDoorDeps {
  clock: Clock;
  random: () => number;
  log: Log;
  topics: Topics;
  publisher: Publisher;
  journal: GroupCommandJournal;
  groupCommands: GroupCommands;
  dispatcher: Pick<Dispatcher, 'refused'>;
}

/**
 * Group commands over MQTT: `{root}/group-command/{group}/{name}` in, `{root}/group-status/{group}/{id}/{status}`
 * out. The final report is owed until the broker has it.
 */
export class GroupDoor {
  readonly #deps: GroupDoorDeps;
  readonly #inFlight = new Set<string>();

  constructor(deps: GroupDoorDeps) {
    this.#deps = deps;
  }

  /** Resolves when the message may be PUBACKed: journalled, or answered with a refusal. */
  async command(given: GroupMessage): Promise<void> {
    const { group, name, message, answerTo, delivery } = given;
    const key = message.userProperties?.['idempotency-key'];
    const payload = parsePayload(message.payload, key, 'group-command');
    const waited = message.waited === true && message.messageExpirySec === undefined;
    const fault = given.refusal ?? (payload.kind === 'refused' ? payload.refusal : undefined);
    const requester = mqttRequester(message);
    const answer = (refusal: Refusal): void =>
      this.#refuse({ group, name, id: payload.id, refusal, answerTo });
    const refuse = (refusal: Refusal): void => {
      const ask = groupAsk({ id: payload.id, group, to: '', name }, requester);
      answer(this.#deps.dispatcher.refused(refusal, ask));
    };
    if (fault !== undefined || payload.kind === 'refused') {
      return refuse(fault ?? { reason: 'bad-payload' });
    }
    if (waited) return refuse({ reason: 'age-unknown' });
    try {
      const stored = (await this.#deps.journal.groups()).find((each) => each.name === group);
      if (stored === undefined) return refuse({ reason: 'unknown-group' });
      const { id, params, ttlMs, pace = {} } = payload;
      const submission = await this.#deps.groupCommands.start(
        {
          to: stored.selector,
          group,
          name,
          params,
          pace,
          ...(id === undefined ? {} : { id }),
          ...(ttlMs === undefined ? {} : { ttlMs }),
        },
        {
          requester,
          ...(answerTo === undefined ? {} : { answerTo }),
          ...(delivery === undefined ? {} : { delivery }),
          ...(message.messageExpirySec === undefined ? {} : { expiryMs: message.messageExpirySec * 1000 }),
        },
      );
      if (submission.kind === 'refused') answer(submission.refusal);
      if (submission.kind === 'repeated') this.#tell(submission.record, answerTo);
    } catch (error) {
      this.#deps.log.error({ group, name, reason: messageOf(error) }, 'a group command was refused');
      refuse({ reason: 'unavailable' });
    }
  }

  /** A group command's state is in the journal. */
  told(record: GroupCommandRecord): void {
    if (record.groupCommand.status === 'running') this.#tell(record, undefined);
    else void this.#settle(record);
  }

  /** The broker is there (again): final reports that are owed go out. */
  async busConnected(): Promise<void> {
    try {
      for (const record of await this.#deps.journal.unanswered()) await this.#settle(record);
    } catch (error) {
      this.#deps.log.error({ reason: messageOf(error) }, 'the owed group reports cannot be read');
    }
  }

  async #settle(record: GroupCommandRecord): Promise<void> {
    const { id, answerTo } = record.groupCommand;
    if (this.#inFlight.has(id)) return;
    this.#inFlight.add(id);
    try {
      const payload = groupPayload(record, this.#deps.clock.now());
      await this.#deps.publisher.publish(this.#statusMessage(record, payload));
      if (answerTo !== undefined) await this.#deps.publisher.publish(answerMessage(answerTo, payload));
      await this.#deps.journal.answered(id);
    } catch (error) {
      this.#deps.log.warn({ groupCommand: id, reason: messageOf(error) }, 'a group report is still owed');
      if (error instanceof HubError && error.code === 'bus-refused') await this.#deps.journal.answered(id);
    } finally {
      this.#inFlight.delete(id);
    }
  }

  #tell(record: GroupCommandRecord, answerTo: AnswerAddress | undefined): void {
    const payload = groupPayload(record, this.#deps.clock.now());
    this.#publish(this.#statusMessage(record, payload));
    if (answerTo !== undefined) this.#publish(answerMessage(answerTo, payload));
  }

  #statusMessage(
    { groupCommand }: GroupCommandRecord,
    payload: GroupStatusPayload,
  ): Parameters<Publisher['publish']>[0] {
    // One that no stored group stands for goes out under `-`.
    const topic = this.#deps.topics.groupStatus(groupCommand.group ?? '-', groupCommand.id, payload.status);
    return { topic, payload: JSON.stringify(payload), qos: 1 };
  }

  #refuse(given: {
    group: string;
    name: string;
    id: string | undefined;
    refusal: Refusal;
    answerTo: AnswerAddress | undefined;
  }): void {
    const { clock, random, topics } = this.#deps;
    const { group, name, refusal, answerTo } = given;
    const requested = given.id === undefined ? {} : { requestedId: given.id.slice(0, 64) };
    // A fresh id: the caller's own may be another group command's.
    const id = newCommandId(clock.now(), random);
    const payload = { id, group, name, status: 'rejected', ts: clock.now(), ...refusal, ...requested };
    if (isName(group)) {
      const topic = topics.groupStatus(group, id, 'rejected');
      this.#publish({ topic, payload: JSON.stringify(payload), qos: 1 });
    }
    if (answerTo !== undefined) this.#publish(answerMessage(answerTo, payload));
  }

  #publish(message: Parameters<Publisher['publish']>[0]): void {
    this.#deps.publisher.publish(message).catch((error: unknown) => {
      this.#deps.log.debug(
        { topic: message.topic, reason: messageOf(error) },
        'a group report was not published',
      );
    });
  }
}

/** What a group status topic carries of a group command. */
type GroupStatusPayload = Omit<
  GroupCommandSummary,
  'to' | 'params' | 'final' | 'accepted' | 'wave' | 'maxFailures'
>;

/** A group command as every door shows it; times are Unix ms. */
export function groupPayload(
  { groupCommand, targets }: GroupCommandRecord,
  nowMs: number,
): GroupStatusPayload {
  const { id, group, name, status, reason, endedMs } = groupCommand;
  return {
    id,
    group: group ?? '-',
    name,
    status,
    ts: endedMs ?? nowMs,
    ...(reason === undefined ? {} : { reason }),
    ...tally(targets),
  };
}
