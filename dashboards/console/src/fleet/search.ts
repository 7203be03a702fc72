/** The search of the device list: several words and conditions, all of which must hold. Pure. */

import type { DeviceSummary } from '../../../../schemas/api/devices.ts';
import type { FieldValue } from '../../../../schemas/api/telemetry/readings.ts';

/** The newest values of a device, by field. */
export type Newest = Readonly<Record<string, FieldValue>>;

export interface Search {
  passes: (row: DeviceSummary, newest: Newest | undefined) => boolean;
  /** Names that may be fields of readings: their newest values are needed. */
  readonly fields: readonly string[];
}

type Sign = ':' | '<' | '>' | '<=' | '>=';
type Text = string | number | boolean;

const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const condition = /^([A-Za-z][\w.-]*)(:|<=|>=|=|<|>)(.+)$/s;

/** What a device has under a name that is no field and no label. */
const own: Readonly<Record<string, (row: DeviceSummary) => Text | undefined>> = {
  id: ({ id }) => id,
  type: ({ type }) => type,
  site: ({ site }) => site,
  state: ({ presence }) => presence,
  fw: ({ firmware }) => firmware,
  firmware: ({ firmware }) => firmware,
  settings: ({ twin }) => twin?.state,
};

/**
 * Reads `north fw<2.4 battery<2.8 state:offline`. A word is looked for in the id, the type, the site and the labels; a condition
 * names one of them, a label or a field of readings. Quotes hold words together.
 */
export function parseSearch(text: string): Search {
  const tests: Search['passes'][] = [];
  const fields = new Set<string>();
  for (const [given] of text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)) {
    const part = given.replaceAll('"', '').toLowerCase();
    const [, name, sign, value] = condition.exec(part) ?? [];
    if (name === undefined || sign === undefined || value === undefined) {
      if (part !== '') tests.push((row) => mentions(row, part));
      continue;
    }
    if (!Object.hasOwn(own, name)) fields.add(name);
    const judge = judgeOf(sign === '=' ? ':' : (sign as Sign), value);
    tests.push((row, newest) => valuesOf(row, newest, name).some(judge));
  }
  return { passes: (row, newest) => tests.every((test) => test(row, newest)), fields: [...fields] };
}

function valuesOf(row: DeviceSummary, newest: Newest | undefined, name: string): Text[] {
  const ownValue = Object.hasOwn(own, name) ? own[name]?.(row) : undefined;
  const found = [
    ownValue,
    valueAt(row.labels, name),
    newest === undefined ? undefined : valueAt(newest, name),
  ];
  return found.filter((value) => value !== undefined);
}

/** Whatever the case of its name. */
function valueAt(values: Readonly<Record<string, FieldValue>>, name: string): FieldValue | undefined {
  if (Object.hasOwn(values, name)) return values[name];
  const key = Object.keys(values).find((each) => each.toLowerCase() === name);
  return key === undefined ? undefined : values[key];
}

function judgeOf(sign: Sign, wanted: string): (value: Text) => boolean {
  if (sign === ':') {
    // A type without its version is every version of it.
    return (value) => {
      const text = String(value).toLowerCase();
      return text === wanted || text.startsWith(`${wanted}@`);
    };
  }
  const number = Number(wanted);
  return (value) => {
    const order = typeof value === 'number' ? value - number : natural.compare(String(value), wanted);
    if (sign === '<') return order < 0;
    if (sign === '>') return order > 0;
    return sign === '<=' ? order <= 0 : order >= 0;
  };
}

function mentions({ id, type, site, labels }: DeviceSummary, part: string): boolean {
  if (`${id} ${type} ${site}`.toLowerCase().includes(part)) return true;
  for (const key in labels) if (labels[key]?.toLowerCase().includes(part) === true) return true;
  return false;
}
