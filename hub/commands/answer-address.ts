import { cutText } from '../../schemas/cut-text.ts';
import type { FieldError } from '../../schemas/index.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { IncomingMessage } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { CommandRefusal } from './command-request.ts';
import type { AnswerAddress } from './journal.ts';

const maxCorrelationBytes = 1_024;

/**
 * Where the answer to a request goes, and what is wrong with the message itself: it is retained, or names a Response Topic that the
 * hub may not publish to.
 */
export function answerAddressOf(
  topics: Topics,
  message: IncomingMessage,
): { address?: AnswerAddress; refusal?: CommandRefusal } {
  const { responseTopic, correlationData: correlation } = message;
  const retained: { refusal?: CommandRefusal } = message.retain ? { refusal: { reason: 'retained' } } : {};
  if (responseTopic === undefined) return retained;
  const expected = topics.refuseResponseTopic(responseTopic);
  if (expected !== undefined) {
    const error: FieldError = { path: '', keyword: 'responseTopic', expected, got: clip(responseTopic) };
    return { refusal: { reason: 'bad-response-topic', errors: [error] }, ...retained };
  }
  if (correlation !== undefined && correlation.byteLength > maxCorrelationBytes) {
    const error: FieldError = {
      path: '',
      keyword: 'correlationData',
      expected: `at most ${maxCorrelationBytes} bytes`,
      got: `${correlation.byteLength} bytes`,
    };
    return { refusal: { reason: 'bad-correlation-data', errors: [error] }, ...retained };
  }
  return { address: { topic: responseTopic, correlation }, ...retained };
}

/** Only the embedded broker reveals who published a message. */
export function requesterOf({ actor = 'mqtt' }: IncomingMessage): Requester {
  return { actor, origin: 'mqtt' };
}

function clip(text: string): string {
  return text.length <= 64 ? text : `${cutText(text, 63)}…`;
}
