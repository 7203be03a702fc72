import type {
  ObjectDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';
import { valueAt } from '../../../../schemas/json-pointer.ts';
import { leavesOf } from '../../../../schemas/twin/twin-leaves.ts';
import type { TwinView } from '../../../../schemas/api/twins/twins.ts';
import { fieldTitle } from '../forms/field-words.ts';
import { texts } from '../texts/texts.ts';
import { unitSymbol } from '../../../../schemas/unit-symbol.ts';

/** One setting, or something that the device reports alone, as the panel shows it. Pure. */
export interface SettingRow {
  path: string;
  title: string;
  /** Undefined: nothing is desired. */
  desired: string | undefined;
  /** What the device does without being told. */
  byDefault: string | undefined;
  reported: string | undefined;
  differs: boolean;
  /** The device's own words about it. */
  errors: readonly string[];
}

/** Every setting of the type, then what is reported besides, in the order of the schema. */
export function settingRows(
  twin: TwinView,
  types: { desired: ObjectDefinition; reported: ObjectDefinition },
): SettingRow[] {
  const { desired, reported, defaults, differs, errors } = twin;
  const known = [...placesOf(types.desired), ...placesOf(types.reported)];
  const found = [desired, reported].flatMap((state) => [...leavesOf(state)].map(({ path }) => path));
  const paths = [...new Set([...known.map(({ path }) => path), ...found])];
  return paths.map((path) => {
    const place = known.find((each) => each.path === path);
    const text = (state: object): string | undefined => valueText(valueAt(state, path), place?.definition);
    return {
      path,
      title: place?.title ?? path.slice(1).replaceAll('/', ' › '),
      desired: text(desired),
      byDefault: text(defaults),
      reported: text(reported),
      differs: differs.includes(path),
      errors: errors.filter((each) => each.path === path).map(({ message }) => message),
    };
  });
}

interface Place {
  path: string;
  title: string;
  definition: ValueDefinition;
}

function placesOf(object: ObjectDefinition, at = '', before = ''): Place[] {
  return Object.entries(object.properties ?? {}).flatMap(([name, definition]) => {
    const path = `${at}/${name}`;
    const title = `${before}${fieldTitle(name, definition)}`;
    return definition.type === 'object'
      ? placesOf(definition, path, `${title} › `)
      : [{ path, title, definition }];
  });
}

function valueText(value: unknown, definition: ValueDefinition | undefined): string | undefined {
  if (value === undefined) return undefined;
  const { unit } = (definition ?? {}) as Partial<ScalarDefinition>;
  if (typeof value === 'boolean') return value ? texts.twins.yes : texts.twins.no;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return unit === undefined ? text : `${text} ${unitSymbol(unit)}`;
}
