import { faultText } from '../../schemas/field-error.ts';
import type { CommandRefusal } from './command-request.ts';

/** A refusal as text, naming field and rule: `bad-params: /seconds must be >= 1; it is 0`. */
export function refusalText({ reason, errors = [] }: CommandRefusal): string {
  return [reason, ...errors.map((error) => faultText(error))].join(': ');
}
