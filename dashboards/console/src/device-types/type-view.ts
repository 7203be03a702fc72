import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import type {
  DeviceTypeDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';
import { fieldHint } from '../forms/field-words.ts';
import { texts } from '../texts/texts.ts';
import { unitSymbol } from '../../../../schemas/unit-symbol.ts';

/** A type with its versions, the newest first. */
export interface TypeFamily {
  readonly name: string;
  readonly versions: readonly TypeRow[];
  readonly devices: number;
}

/** Types by name, each with its versions. */
export function familiesOf(types: readonly TypeRow[]): TypeFamily[] {
  const byName = new Map<string, TypeRow[]>();
  for (const type of types) {
    const [name = type.id] = type.id.split('@', 1);
    byName.set(name, [...(byName.get(name) ?? []), type]);
  }
  return [...byName]
    .map(([name, versions]) => ({
      name,
      versions: versions.toSorted((a, b) => versionOf(b.id) - versionOf(a.id)),
      devices: versions.reduce((sum, { devices }) => sum + devices, 0),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
}

function versionOf(id: string): number {
  return Number(id.split('@')[1] ?? 0);
}

/** A field as a row of a table. */
export interface FieldRow {
  /** `zones[].name` for what is inside. */
  readonly name: string;
  readonly title: string;
  readonly kind: string;
  readonly unit: string;
  readonly limits: string;
  readonly needed: boolean;
  readonly tag: boolean;
}

/** The fields of a stream, an event or of params, those inside objects and lists below them. */
export function fieldRows(definition: ValueDefinition, name = '', needed = true): FieldRow[] {
  const title = definition.title ?? '';
  const own = { name, title, unit: '', limits: '', needed, tag: false };
  switch (definition.type) {
    case 'object': {
      const { properties = {}, required = [] } = definition;
      const inside = Object.entries(properties).flatMap(([member, of]) =>
        fieldRows(of, name === '' ? member : `${name}.${member}`, required.includes(member)),
      );
      return name === '' ? inside : [{ ...own, kind: 'object' }, ...inside];
    }
    case 'array': {
      const { minItems = 0, maxItems, items } = definition;
      return [
        { ...own, kind: 'list', limits: texts.deviceTypes.itemsBetween(minItems, maxItems) },
        ...fieldRows(items, `${name}[]`, true),
      ];
    }
    case 'number':
    case 'integer':
    case 'boolean':
    case 'string':
  }
  return [{ ...own, ...scalarWords(definition) }];
}

function scalarWords(definition: ScalarDefinition): Pick<FieldRow, 'kind' | 'unit' | 'limits' | 'tag'> {
  const { type, unit, enum: words, const: only } = definition;
  const choices = only === undefined ? words : [only];
  return {
    kind: choices === undefined ? type : 'choice',
    unit: unit === undefined ? '' : unitSymbol(unit),
    limits:
      choices === undefined
        ? fieldHint({ ...definition, type: type === 'integer' ? 'number' : type })
        : choices.join(', '),
    tag: definition['x-tag'] === true,
  };
}

/** The heartbeat of the device type and what its absence means, in words. */
export function presenceWords({ presence: { heartbeatSec, graceSec } }: DeviceTypeDefinition): string {
  const grace = graceSec ?? heartbeatSec / 2;
  return texts.deviceTypes.heartbeatTimes(heartbeatSec, heartbeatSec, heartbeatSec + grace);
}
