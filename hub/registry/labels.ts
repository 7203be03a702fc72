import { labelKeyPattern } from '../../schemas/limits.ts';
import { cutText } from '../../schemas/cut-text.ts';
import { HubError } from '../kernel/errors.ts';

export type Labels = Readonly<Record<string, string>>;

/** Per device. */
const maxLabels = 32;

/**
 * Checks labels, whoever sets them: a key is as in a selector, and a value has no commas.
 * @param set to be added or changed; @param remove keys to be removed; @param kept the labels before
 * @throws HubError `input-invalid`, naming the label and the rule
 */
export function checkLabels(set: Labels, remove: readonly string[] = [], kept: Labels = {}): void {
  const after = new Set([...Object.keys(kept).filter((key) => !remove.includes(key)), ...Object.keys(set)]);
  if (after.size > maxLabels || remove.length > maxLabels) {
    throw new HubError('input-invalid', `a device has at most ${maxLabels} labels`, {
      details: { name: 'set' },
    });
  }
  for (const key of [...Object.keys(set), ...remove]) {
    // Keys that a selector reads from the device itself.
    const own = key === 'id' || key === 'type' || key === 'site';
    if (own || !labelKeyPattern.test(key)) {
      const note = `label ${JSON.stringify(key)}: a letter, then letters, digits and . _ -, and not id, type or site`;
      throw new HubError('input-invalid', note, { details: { name: 'label', got: key } });
    }
  }
  for (const [key, value] of Object.entries(set)) {
    if (!/^[^,\p{Cc}\p{Cs}]{1,128}$/u.test(value) || value !== value.trim()) {
      const note = `label ${key}: a value of 1 to 128 characters without commas`;
      throw new HubError('input-invalid', note, { details: { name: key, got: cutText(value, 64) } });
    }
  }
}
