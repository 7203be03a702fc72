import { renderValue } from '../../schemas/field-error.ts';
import { invalidInput, type HubError } from '../kernel/errors.ts';
import { labelKeyPattern, namePattern, typeName } from '../../schemas/limits.ts';

/** What a selector looks at. */
export interface Selectable {
  id: string;
  /** With its version, `env-sensor@1`. */
  type: string;
  site: string;
  labels?: Readonly<Record<string, string>>;
}

/** Which devices: all of them, one, or those that match every term. */
export type Selector =
  | { kind: 'all' }
  | { kind: 'device'; id: string }
  | { kind: 'match'; terms: readonly { key: string; value: string }[] };

const maxTerms = 16;
const maxValue = 128;

/**
 * Reads `all`, a device id, or terms such as `type=env-sensor,site=a,floor=2`, combined with AND. `type` takes a name
 * with or without its version. Keys other than `id`, `type` and `site` are labels.
 * @throws HubError `input-invalid`, naming the term and the rule
 */
export function parseSelector(text: string): Selector {
  if (text === 'all') return { kind: 'all' };
  if (!text.includes('=')) {
    if (namePattern.test(text)) return { kind: 'device', id: text };
    throw invalid(text, 'all, a device id, or key=value terms separated by commas');
  }
  const parts = text.split(',');
  if (parts.length > maxTerms) throw invalid(text, `at most ${maxTerms} terms`);
  const terms = parts.map((part) => {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(0, equals)).trim();
    const value = part.slice(equals + 1).trim();
    if (equals < 0 || !labelKeyPattern.test(key))
      throw invalid(part, 'key=value, the key of letters, digits and . _ -');
    if (value === '' || value.length > maxValue)
      throw invalid(part, `a value of 1 to ${maxValue} characters`);
    return { key, value };
  });
  return { kind: 'match', terms };
}

/** True when the selector matches this device. */
export function selects(selector: Selector, device: Selectable): boolean {
  switch (selector.kind) {
    case 'all':
      return true;
    case 'device':
      return device.id === selector.id;
    case 'match':
      return selector.terms.every(({ key, value }) => holds(device, key, value));
  }
}

function holds({ id, type, site, labels = {} }: Selectable, key: string, value: string): boolean {
  if (key === 'id') return id === value;
  if (key === 'site') return site === value;
  if (key === 'type') return type === value || typeName(type) === value;
  return Object.hasOwn(labels, key) && labels[key] === value;
}

function invalid(got: string, expected: string): HubError {
  return invalidInput({ path: '/to', keyword: 'selector', expected, got: renderValue(got) }, 'selector');
}
