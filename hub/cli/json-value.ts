import { faultText, ruleText } from '../../schemas/field-error.ts';
import { readJson } from '../../schemas/json-text.ts';

/**
 * JSON from a file or an argument.
 * @throws SyntaxError when it is none, Error when some of it would be lost or changed (a duplicate name)
 */
export function parseJson(text: string): unknown {
  const json = readJson(text);
  if (json.kind === 'unreadable') {
    const { expected, got } = json.fault;
    throw new SyntaxError(ruleText({ expected: expected.replace('a JSON object', 'JSON'), got }));
  }
  const [fault] = json.faults ?? [];
  if (fault === undefined) return json.value;
  throw new Error(faultText(fault));
}
