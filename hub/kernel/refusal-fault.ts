import { isOperationError } from '../../schemas/api/error-codes.ts';
import { HubError } from './errors.ts';

interface Fault {
  error: { code: string; message: string; details?: Record<string, unknown> };
}

/** The fault that an answer of the operators' API names; a text: what it says instead, if anything. */
export function refusalFault(answer: unknown): HubError | string {
  if (!isFault(answer)) return '';
  const { code, message, details } = answer.error;
  if (!isOperationError(code)) return message;
  // The constructor prepends the code's own sentence again.
  const sentence = `${new HubError(code).message}: `;
  const note = message.startsWith(sentence) ? message.slice(sentence.length) : undefined;
  return new HubError(code, note, details === undefined ? {} : { details });
}

function isFault(answer: unknown): answer is Fault {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return false;
  const { error } = answer;
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error))
    return false;
  return typeof error.code === 'string' && typeof error.message === 'string';
}
