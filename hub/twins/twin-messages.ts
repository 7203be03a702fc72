import { mqttChecks, type FieldError } from '../../schemas/index.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { JsonObject } from '../../schemas/twin/merge-patch.ts';
import type { TwinState } from '../../schemas/twin/twin-states.ts';
import type { IncomingMessage, Publisher } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { answerAddressOf, requesterOf } from '../commands/answer-address.ts';
import { readPayload } from '../commands/command-request.ts';
import type { AnswerAddress } from '../commands/journal.ts';
import { answerMessage } from '../commands/status-payload.ts';
import { HubError, invalidInput, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { TwinOperations } from './twin-operations.ts';

interface Deps {
  log: Log;
  topics: Topics;
  publisher: Publisher;
  twins: Pick<TwinOperations, 'change'>;
  /** It is not registered here, and another hub uses the same topics: that one answers. */
  isOfAnotherHub: (deviceId: string) => boolean;
}

/** What the Response Topic gets. */
type Answer =
  | { device: string; status: 'done'; rev: number; state: TwinState }
  | { device: string; status: 'refused'; reason: string; message: string; errors?: readonly FieldError[] };

/** Requests over MQTT to change what a device should hold: `{patch, ifRev?}`, answered on the Response Topic if there is one. */
export class TwinMessages {
  readonly #deps: Deps;
  readonly counters = { answersLost: 0 };

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** @returns undefined: the topic is none of twins; otherwise it resolves when the message may be PUBACKed */
  message(message: IncomingMessage): Promise<void> | undefined {
    const request = this.#deps.topics.parse(message.topic);
    return request?.kind === 'twin-desired' ? this.#take(request.device, message) : undefined;
  }

  async #take(device: string, message: IncomingMessage): Promise<void> {
    const { topics, twins, isOfAnotherHub } = this.#deps;
    if (isOfAnotherHub(device)) return;
    const { address, refusal } = answerAddressOf(topics, message);
    try {
      if (refusal !== undefined) {
        const note = `the message cannot be taken: ${refusal.reason}`;
        throw new HubError('input-invalid', note, {
          details: { reason: refusal.reason, errors: refusal.errors },
        });
      }
      const { rev, state } = await twins.change({ device, ...requestOf(message, requesterOf(message)) });
      this.#answer(address, { device, status: 'done', rev, state });
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const { code, details } = error;
      this.#deps.log.debug({ device, reason: messageOf(error) }, 'a change of a twin was refused');
      this.#answer(address, {
        device,
        status: 'refused',
        reason: code,
        message: messageOf(error),
        ...errorsOf(details),
      });
    }
  }

  #answer(address: AnswerAddress | undefined, payload: Answer): void {
    if (address === undefined) return;
    this.#deps.publisher.publish(answerMessage(address, payload)).catch((error: unknown) => {
      this.counters.answersLost += 1;
      this.#deps.log.debug({ topic: address.topic, reason: messageOf(error) }, 'an answer was not published');
    });
  }
}

function errorsOf({ errors }: Readonly<Record<string, unknown>>): { errors?: FieldError[] } {
  return Array.isArray(errors) ? { errors: errors as FieldError[] } : {};
}

/** @throws HubError `input-invalid` */
function requestOf(
  { payload }: IncomingMessage,
  requester: Requester,
): { patch: JsonObject; requester: Requester; ifRevs?: number[] } {
  const json = readPayload(payload);
  const error =
    json.kind === 'unreadable' ? json.fault : (json.faults?.[0] ?? mqttChecks['twin-desired'](json.value));
  if (error !== undefined) throw invalidInput(error, `payload ${error.path}`);
  const { patch, ifRev } = (json.kind === 'read' ? json.value : {}) as { patch: JsonObject; ifRev?: number };
  return { patch, requester, ...(ifRev === undefined ? {} : { ifRevs: [ifRev] }) };
}
