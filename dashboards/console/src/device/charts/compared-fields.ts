/** What of several devices can stand in one chart. Pure. */
import type { DeviceTypeDefinition } from '../../../../../schemas/device-type-definition.ts';
import { unitSymbol } from '../../../../../schemas/unit-symbol.ts';
import type { Limits } from './limit-bands.ts';

/** A number that some of the devices send. */
export interface ComparedField {
  /** `stream.field`. */
  readonly key: string;
  readonly stream: string;
  readonly field: string;
  /** Without its unit. */
  readonly name: string;
  /** With its unit. */
  readonly title: string;
  /** As it is shown; may be empty. */
  readonly unit: string;
  readonly limits: Limits;
  /** Those that send it. */
  readonly devices: readonly string[];
}

/** What can be compared: those that most of the devices send come first. */
export function comparedFields(
  devices: readonly { id: string; type: string }[],
  types: readonly (DeviceTypeDefinition & { id: string })[],
): ComparedField[] {
  const found = new Map<string, ComparedField>();
  for (const { id, type } of devices) {
    const definition = types.find((each) => each.id === type);
    for (const [stream, { properties = {} }] of Object.entries(definition?.streams ?? {})) {
      for (const [field, value] of Object.entries(properties)) {
        if (value.type !== 'number' && value.type !== 'integer') continue;
        const key = `${stream}.${field}`;
        const before = found.get(key);
        if (before !== undefined) {
          found.set(key, { ...before, devices: [...before.devices, id] });
          continue;
        }
        const name = value.title ?? field;
        const unit = value.unit === undefined ? '' : unitSymbol(value.unit);
        const title = unit === '' ? name : `${name}, ${unit}`;
        const limits = { low: value['x-low'], high: value['x-high'] };
        found.set(key, { key, stream, field, name, title, unit, limits, devices: [id] });
      }
    }
  }
  return [...found.values()].toSorted((a, b) => b.devices.length - a.devices.length);
}

/** More lines could not be told apart, and a chart has two edges for numbers. */
export const mostFields = 4;
const mostUnits = 2;

/** Whether it fits into one chart with these. */
export function fitsBeside(chosen: readonly ComparedField[], { unit }: ComparedField): boolean {
  return (
    chosen.length < mostFields && new Set([...chosen.map((field) => field.unit), unit]).size <= mostUnits
  );
}

/** Those that the address names, as far as they fit; the first field when it names none. @param asked keys, by comma */
export function chosenFields(fields: readonly ComparedField[], asked: string | null): ComparedField[] {
  const chosen: ComparedField[] = [];
  for (const key of new Set((asked ?? '').split(','))) {
    const field = fields.find((each) => each.key === key);
    if (field !== undefined && fitsBeside(chosen, field)) chosen.push(field);
  }
  return chosen.length > 0 ? chosen : fields.slice(0, 1);
}

/** One line of the chart. */
export interface ComparedLine {
  readonly device: string;
  readonly field: ComparedField;
  /** Of the style sheet: `--line-1` and on. */
  readonly colour: number;
  readonly dash: readonly number[];
}

/** Each line differs by its dash too, so that nobody needs the colour. */
const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [12, 4, 2, 4]];
const colours = 8;

/** The colour tells devices apart and the dash fields; where there is one of either, both tell the others apart. */
export function comparedLines(
  devices: readonly string[],
  fields: readonly ComparedField[],
): readonly ComparedLine[] {
  return fields.flatMap((field, at) =>
    devices.flatMap((device, number): ComparedLine[] => {
      if (!field.devices.includes(device)) return [];
      const hue = devices.length === 1 ? at : number;
      const dash = dashes[(fields.length === 1 ? number : at) % dashes.length] ?? [];
      return [{ device, field, colour: (hue % colours) + 1, dash }];
    }),
  );
}
