import { createHash } from 'node:crypto';
import type { Requester } from '../../schemas/api/requester.ts';
import type { BusHandlers, IncomingMessage } from '../bus/bus.ts';
import { isName, type Request, type Topics } from '../bus/topics.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import { answerAddressOf, requesterOf } from './answer-address.ts';
import { statusMessage } from './answers.ts';
import { cancelEntry, commandEntry, type RequestEntry, type CommandAudit } from './command-audit.ts';
import { newCommandId } from './command-id.ts';
import { parsePayload, type CommandRefusal } from './command-request.ts';
import type { CommandCounters } from './command-counters.ts';
import type { Command } from './command.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AnswerAddress, CommandJournal, Delivery } from './journal.ts';
import { answerMessage, payloadOf } from './status-payload.ts';
import type { StatusPublisher } from './status-publisher.ts';

/** A request for a group command, with its MQTT properties read. */
export interface GroupMessage {
  readonly group: string;
  readonly name: string;
  readonly message: IncomingMessage;
  readonly requester: Requester;
  readonly answerTo?: AnswerAddress | undefined;
  readonly delivery?: Omit<Delivery, 'expiresMs'> | undefined;
  /** A fault of the message itself: retained, or without a good place for the answer. */
  readonly refusal?: CommandRefusal | undefined;
}

/** Takes requests for group commands. */
export interface GroupRequests {
  /**
   * Resolves when the message may be PUBACKed: journalled, or answered with a refusal.
   * @throws HubError `bus-unavailable` when the hub is stopping: the message must come again
   */
  command(given: GroupMessage): Promise<void>;
}

interface MqttRequestsDeps {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  journal: Pick<CommandJournal, 'wasDelivered'>;
  audit: CommandAudit;
  topics: Topics;
  statuses: StatusPublisher;
  dispatcher: Pick<Dispatcher, 'submit' | 'cancel' | 'find'>;
  groups: GroupRequests;
  counters: Pick<CommandCounters, 'leftToOthers'>;
  /** It is not registered here, and another hub uses the same topics: two answers would contradict each other. */
  isOfAnotherHub: (deviceId: string) => boolean;
}

/** What a refusal is about: names for the topic of its answer. */
interface Subject {
  device: string;
  name: string;
  id?: string | undefined;
  entry: RequestEntry;
}

/** What a message has besides its payload. */
interface Envelope {
  requester: Requester;
  answerTo?: AnswerAddress | undefined;
  /** A fault of the message itself: retained, or without a good place for the answer. */
  refusal?: CommandRefusal | undefined;
}

/**
 * Requests over MQTT: topics and MQTT 5 properties become requests, refusals become answers.
 * A refusal is published on `{root}/status/{device}/{id}/rejected` under the caller's id, or under a fresh one
 * (with the caller's as `requestedId`) when a command has that id: one command never shows two final statuses.
 */
export class MqttRequests implements Pick<BusHandlers, 'message'> {
  readonly #deps: MqttRequestsDeps;

  constructor(deps: MqttRequestsDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when the message may be PUBACKed: journalled, or answered with a refusal.
   * @throws HubError `bus-unavailable` when the hub is stopping: the message must come again
   */
  async message(message: IncomingMessage): Promise<void> {
    const request = this.#deps.topics.parse(message.topic);
    if (request === undefined || request.kind === 'twin-desired') return this.#refuseTopic(message);
    if (request.kind !== 'group-command' && this.#deps.isOfAnotherHub(request.device)) {
      this.#deps.counters.leftToOthers++;
      return;
    }
    const envelope = this.#envelopeOf(message);
    if (request.kind === 'command') return this.#command(request, message, envelope);
    if (request.kind === 'cancel') return this.#cancel(request, envelope);
    return this.#groupCommand(request, message, envelope);
  }

  async #groupCommand(
    { group, name }: Request & { kind: 'group-command' },
    message: IncomingMessage,
    envelope: Envelope,
  ): Promise<void> {
    const delivery = deliveryOf(message);
    if (delivery !== undefined && (await this.#wasDelivered(message, delivery))) return;
    await this.#deps.groups.command({ group, name, message, delivery, ...envelope });
  }

  async #command(
    { device, name }: Request & { kind: 'command' },
    message: IncomingMessage,
    { requester, answerTo, refusal }: Envelope,
  ): Promise<void> {
    const payload = parsePayload(message.payload, message.userProperties?.['idempotency-key']);
    const { id } = payload;
    const subject = { device, name, id, entry: commandEntry({ device, name, id }, requester) };
    if (refusal !== undefined) return this.#refuse(subject, refusal, answerTo);
    if (payload.kind === 'refused') return this.#refuse(subject, payload.refusal, answerTo);
    // With a caller's id, the id alone identifies a repetition.
    const delivery = id === undefined ? deliveryOf(message) : undefined;
    if (delivery !== undefined && (await this.#wasDelivered(message, delivery))) return;
    const { params, ttlMs } = payload;
    const { messageExpirySec: expirySec } = message;
    const submission = await this.#deps.dispatcher.submit(
      { device, name, params, id, ttlMs },
      {
        answerTo,
        delivery,
        expiryMs: expirySec === undefined ? undefined : expirySec * 1000,
        ageUnknown: message.waited === true && expirySec === undefined,
        requester,
        traceparent: message.userProperties?.['traceparent'],
      },
    );
    if (submission.kind === 'repeated') this.#repeat(submission.command, answerTo);
    if (submission.kind !== 'refused') return;
    leaveToOthers(message, submission.refusal);
    await this.#answerRefusal(subject, submission.refusal, answerTo);
  }

  /** The payload of a cancel is ignored. */
  async #cancel(
    { device, commandId: id }: Request & { kind: 'cancel' },
    { requester, answerTo, refusal }: Envelope,
  ): Promise<void> {
    const subject = { device, name: 'cancel', id, entry: cancelEntry(device, id, requester) };
    if (refusal !== undefined) return this.#refuse(subject, refusal, answerTo);
    try {
      const command = await this.#deps.dispatcher.cancel(device, id, requester);
      if (command === undefined)
        return await this.#answerRefusal(subject, { reason: 'unknown-id' }, answerTo);
      this.#repeat(command, answerTo);
    } catch (error) {
      this.#deps.log.error({ device, command: id, reason: messageOf(error) }, 'a cancel was refused');
      await this.#answerRefusal(subject, { reason: 'unavailable' }, answerTo);
    }
  }

  /** A redelivery of what is journalled needs only its PUBACK. */
  async #wasDelivered({ dup }: IncomingMessage, { key }: Pick<Delivery, 'key'>): Promise<boolean> {
    return dup && this.#deps.journal.wasDelivered(key);
  }

  #envelopeOf(message: IncomingMessage): Envelope {
    const { address, refusal } = answerAddressOf(this.#deps.topics, message);
    return { requester: requesterOf(message), answerTo: address, refusal };
  }

  #refuseTopic(message: IncomingMessage): void {
    const { topic } = message;
    const requester = requesterOf(message);
    this.#deps.audit.refused({ reason: 'bad-topic' }, { action: 'command.send', subject: topic, requester });
    this.#deps.log.warn({ topic }, 'a request on a topic with names outside the grammar was refused');
  }

  async #refuse(
    subject: Subject,
    refusal: CommandRefusal,
    answerTo: AnswerAddress | undefined,
  ): Promise<void> {
    await this.#answerRefusal(subject, this.#deps.audit.refused(refusal, subject.entry), answerTo);
  }

  async #answerRefusal(
    { device, name, id }: Subject,
    { reason, errors }: CommandRefusal,
    answerTo: AnswerAddress | undefined,
  ): Promise<void> {
    const { clock, random, topics, statuses } = this.#deps;
    const isOwn = id !== undefined && isName(id) && !(await this.#isTaken(device, id));
    const payload = {
      id: isOwn ? id : newCommandId(clock.now(), random),
      device,
      name,
      status: 'rejected' as const,
      ts: clock.now(),
      reason,
      ...withoutUndefined({ errors, requestedId: isOwn ? undefined : id }),
    };
    const topic = topics.status(device, payload.id, 'rejected');
    statuses.publish({ topic, payload: JSON.stringify(payload), qos: 1 });
    if (answerTo !== undefined) statuses.publish(answerMessage(answerTo, payload));
  }

  /** Answers a repeated request with the command's status. */
  #repeat(command: Command, answerTo: AnswerAddress | undefined): void {
    const { topics, statuses } = this.#deps;
    statuses.publish(statusMessage(topics, command));
    if (answerTo !== undefined) statuses.publish(answerMessage(answerTo, payloadOf(command)));
  }

  async #isTaken(device: string, id: string): Promise<boolean> {
    try {
      return (await this.#deps.dispatcher.find(device, id)) !== undefined;
    } catch {
      // The journal does not answer, and the caller learns so: under a fresh id, to be safe.
      return true;
    }
  }
}

/**
 * This hub does not reach the journal. Another one may, and the broker keeps the message until then.
 * @throws HubError `bus-unavailable` when there may be another hub
 */
function leaveToOthers({ gateToken }: IncomingMessage, { reason }: CommandRefusal): void {
  if (gateToken !== undefined && reason === 'unavailable')
    throw new HubError('bus-unavailable', 'the journal is not reached: the message must come again');
}

function deliveryOf(message: IncomingMessage): Omit<Delivery, 'expiresMs'> | undefined {
  const { session, packetId, topic, payload, gateToken } = message;
  if (session === undefined || packetId === undefined) return undefined;
  const hash = createHash('sha256')
    .update(`${session}\0${packetId}\0${topic}\0`)
    .update(payload)
    .digest('base64url');
  return { key: hash, gateToken };
}
