import type { Requester } from '../../schemas/api/requester.ts';
import { createHash } from 'node:crypto';
import type { FieldError } from '../../schemas/index.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import type { Answers } from './answers.ts';
import type { IncomingMessage } from '../bus/bus.ts';
import { newCommandId } from './command-id.ts';
import { parsePayload, type Refusal } from './command-request.ts';
import { commandAsk, mqttRequester, type Ask } from './command-audit.ts';
import type { Command } from './command.ts';
import type { GroupDoor } from './mqtt-group-requests.ts';
import type { Intake } from './command-intake.ts';
import type { AnswerAddress, CommandJournal } from './journal.ts';
import { isName, type Request, type Topics } from '../bus/topics.ts';

interface MqttDoorDeps {
  clock: Clock;
  random: () => number;
  log: Log;
  journal: CommandJournal;
  topics: Topics;
  answers: Answers;
  intake: Intake;
  dispatcher: { cancel(device: string, id: string, requester: Requester): Promise<Command | undefined> };
}

/** What a refusal is about: names for the topic of its answer. */
interface Subject {
  device: string;
  name: string;
  id?: string;
  ask: Ask;
}

const maxCorrelationBytes = 1_024;

/**
 * The MQTT way in: topics and MQTT 5 properties become requests, refusals become answers.
 * A refusal is told on `{root}/status/{device}/{id}/rejected` under the caller's id, or under a fresh one
 * (with the caller's as `requestedId`) when a command has that id: one command never shows two final statuses.
 */
export class MqttDoor {
  /** Takes the group commands. */
  groups: Pick<GroupDoor, 'command'> | undefined;
  readonly #deps: MqttDoorDeps;

  constructor(deps: MqttDoorDeps) {
    this.#deps = deps;
  }

  async message(message: IncomingMessage): Promise<void> {
    const request = this.#deps.topics.parse(message.topic);
    if (request === undefined) return this.#refuseTopic(message);
    if (request.kind === 'command') return this.#command(request, message);
    if (request.kind === 'cancel') return this.#cancel(request, message);
    return this.#groupCommand(request, message);
  }

  async #groupCommand(
    { group, name }: Request & { kind: 'group-command' },
    message: IncomingMessage,
  ): Promise<void> {
    const { address, refusal } = this.#addressOf(message);
    const delivery = deliveryOf(message);
    if (delivery !== undefined && (await this.#seenBefore(message, delivery))) return;
    const fault = message.retain ? ({ reason: 'retained' } as const) : refusal;
    if (this.groups === undefined) throw new HubError('bus-unavailable', 'starting');
    await this.groups.command({
      group,
      name,
      message,
      ...(address === undefined ? {} : { answerTo: address }),
      ...(delivery === undefined ? {} : { delivery }),
      ...(fault === undefined ? {} : { refusal: fault }),
    });
  }

  async #command(request: Request & { kind: 'command' }, message: IncomingMessage): Promise<void> {
    const { device, name } = request;
    const payload = parsePayload(message.payload, message.userProperties?.['idempotency-key']);
    const requester = mqttRequester(message);
    const named = { device, name, ...(payload.id === undefined ? {} : { id: payload.id }) };
    const subject = { ...named, ask: commandAsk(named, requester) };
    const answer = this.#addressOf(message);
    if (message.retain) return this.#refuse(subject, { reason: 'retained' }, answer.address);
    if (answer.refusal !== undefined) return this.#refuse(subject, answer.refusal, undefined);
    if (payload.kind === 'refused') return this.#refuse(subject, payload.refusal, answer.address);
    // With a caller's id, the id alone tells a repetition.
    const delivery = payload.id === undefined ? deliveryOf(message) : undefined;
    if (delivery !== undefined && (await this.#seenBefore(message, delivery))) return;
    const { id, params, ttlMs } = payload;
    const { messageExpirySec } = message;
    const submission = await this.#deps.intake.submit(
      {
        device,
        name,
        params,
        ...(id === undefined ? {} : { id }),
        ...(ttlMs === undefined ? {} : { ttlMs }),
      },
      {
        ...(answer.address === undefined ? {} : { answerTo: answer.address }),
        ...(delivery === undefined ? {} : { delivery }),
        ...(messageExpirySec === undefined ? {} : { expiryMs: messageExpirySec * 1000 }),
        ageUnknown: message.waited === true && messageExpirySec === undefined,
        requester,
      },
    );
    if (submission.kind === 'repeated') this.#deps.answers.repeat(submission.command, answer.address);
    if (submission.kind === 'refused') await this.#answerRefusal(subject, submission.refusal, answer.address);
  }

  /** The payload of a cancel says nothing. */
  async #cancel(request: Request & { kind: 'cancel' }, message: IncomingMessage): Promise<void> {
    const { device, commandId } = request;
    const requester = mqttRequester(message);
    const ask: Ask = { action: 'command.cancel', subject: `${device}/${commandId}`, requester };
    const subject = { device, name: 'cancel', id: commandId, ask };
    const answer = this.#addressOf(message);
    if (message.retain) return this.#refuse(subject, { reason: 'retained' }, answer.address);
    if (answer.refusal !== undefined) return this.#refuse(subject, answer.refusal, undefined);
    try {
      const command = await this.#deps.dispatcher.cancel(device, commandId, requester);
      if (command === undefined)
        return await this.#answerRefusal(subject, { reason: 'unknown-command' }, answer.address);
      this.#deps.answers.repeat(command, answer.address);
    } catch (error) {
      this.#deps.log.error({ device, command: commandId, reason: messageOf(error) }, 'a cancel was refused');
      await this.#answerRefusal(subject, { reason: 'unavailable' }, answer.address);
    }
  }

  /** A redelivery of what is journalled needs only its PUBACK. */
  async #seenBefore({ dup }: IncomingMessage, { key }: { key: string }): Promise<boolean> {
    return dup && this.#deps.journal.wasDelivered(key);
  }

  /** Where the answer goes; a Response Topic the hub may not publish to is refused. */
  #addressOf({ responseTopic, correlationData }: IncomingMessage): {
    address?: AnswerAddress;
    refusal?: Refusal;
  } {
    if (responseTopic === undefined) return {};
    const fault = this.#deps.topics.refuseResponseTopic(responseTopic);
    if (fault !== undefined) {
      const error: FieldError = {
        path: '',
        keyword: 'responseTopic',
        expected: fault,
        got: clip(responseTopic),
      };
      return { refusal: { reason: 'bad-response-topic', errors: [error] } };
    }
    if (correlationData === undefined) return { address: { topic: responseTopic } };
    if (correlationData.byteLength > maxCorrelationBytes) {
      const expected = `at most ${maxCorrelationBytes} bytes`;
      const error = {
        path: '',
        keyword: 'correlationData',
        expected,
        got: `${correlationData.byteLength} bytes`,
      };
      return { refusal: { reason: 'bad-correlation-data', errors: [error] } };
    }
    return { address: { topic: responseTopic, correlation: correlationData } };
  }

  #refuseTopic(message: IncomingMessage): void {
    const ask: Ask = { action: 'command.send', subject: message.topic, requester: mqttRequester(message) };
    this.#deps.intake.refused({ reason: 'bad-topic' }, ask);
    this.#deps.log.warn(
      { topic: message.topic },
      'a request on a topic with names outside the grammar was refused',
    );
  }

  async #refuse(subject: Subject, refusal: Refusal, answerTo: AnswerAddress | undefined): Promise<void> {
    this.#deps.intake.refused(refusal, subject.ask);
    await this.#answerRefusal(subject, refusal, answerTo);
  }

  async #answerRefusal(
    subject: Subject,
    refusal: Refusal,
    answerTo: AnswerAddress | undefined,
  ): Promise<void> {
    const { clock, random, answers } = this.#deps;
    const { device, name, id } = subject;
    const own = id !== undefined && isName(id) && !(await this.#taken(device, id));
    const names = own
      ? { id }
      : { id: newCommandId(clock.now(), random), ...(id === undefined ? {} : { requestedId: id }) };
    answers.refuse({ ...refusal, ...names, device, name }, answerTo);
  }

  async #taken(device: string, id: string): Promise<boolean> {
    try {
      return (await this.#deps.intake.find(device, id)) !== undefined;
    } catch {
      // The journal does not answer, and the caller is told so: under a fresh id, to be safe.
      return true;
    }
  }
}

function deliveryOf({ session, packetId, topic, payload }: IncomingMessage): { key: string } | undefined {
  if (session === undefined || packetId === undefined) return undefined;
  const hash = createHash('sha256')
    .update(`${session}\0${packetId}\0${topic}\0`)
    .update(payload)
    .digest('base64url');
  return { key: hash };
}

function clip(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 63)}…`;
}
