import type { Refusal } from './command-request.ts';

/** A refusal as text, naming field and rule: `bad-params: /seconds must be >= 1, not 0`. */
export function refusalText({ reason, errors = [] }: Refusal): string {
  const faults = errors.map(({ path, expected, got }) => {
    return `${path === '' ? 'it' : path} must be ${expected}, not ${got}`;
  });
  return [reason, ...faults].join(': ');
}
