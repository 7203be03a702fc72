import type {
  ObjectDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { texts } from '../texts/texts.ts';
import { unitSymbol } from '../../../../schemas/unit-symbol.ts';

/** The operator of a bound, in words. */
const signs: readonly (readonly [string, string])[] = [
  ['>= ', texts.forms.atLeast],
  ['<= ', texts.forms.atMost],
  ['> ', texts.forms.moreThan],
  ['< ', texts.forms.lessThan],
];

/** A field's own title, or its name made readable: `flowRate` → `Flow rate`. */
export function fieldTitle(name: string, definition: { readonly title?: string }): string {
  if (definition.title !== undefined) return definition.title;
  const words = name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  const lower = words.replaceAll(/[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase()).trim();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

/** What a field accepts, in plain words: `1 to 86400 s, whole number`. Empty when anything is accepted. */
export function fieldHint(definition: ScalarDefinition): string {
  const parts = [range(definition)];
  if (definition.type === 'integer') parts.push(texts.forms.wholeNumber);
  const { minLength, maxLength } = definition;
  if (definition.enum === undefined && maxLength !== undefined) {
    parts.push(
      minLength === undefined
        ? texts.forms.upToCharacters(maxLength)
        : texts.forms.charactersBetween(minLength, maxLength),
    );
  }
  return parts.filter((part) => part !== '').join(', ');
}

function range(definition: ScalarDefinition): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = definition;
  const unit = definition.unit === undefined ? '' : ` ${unitSymbol(definition.unit)}`;
  if (
    minimum !== undefined &&
    maximum !== undefined &&
    exclusiveMinimum === undefined &&
    exclusiveMaximum === undefined
  ) {
    return texts.forms.between(minimum, maximum, unit);
  }
  const bounds = [
    bound(texts.forms.atLeast, minimum),
    bound(texts.forms.moreThan, exclusiveMinimum),
    bound(texts.forms.atMost, maximum),
    bound(texts.forms.lessThan, exclusiveMaximum),
  ].filter((part) => part !== '');
  return bounds.length === 0 ? '' : `${texts.forms.both(bounds)}${unit}`;
}

function bound(words: string, limit: number | string | undefined): string {
  return limit === undefined ? '' : `${words} ${limit}`;
}

/** What is wrong with a field, as the sentence shown under it. @param unit UCUM code of the field */
export function faultSentence({ keyword, expected, got }: FieldError, unit?: string): string {
  if (keyword === 'required' || (keyword === 'minLength' && got === '""')) return texts.forms.required;
  if (keyword === 'anyOf') return texts.forms.give(expected);
  if (keyword === 'type') return texts.forms.mustBe(typeWords[expected] ?? expected, got);
  for (const [sign, words] of signs) {
    if (!expected.startsWith(sign)) continue;
    const limit = expected.slice(sign.length);
    return texts.forms.mustBe(
      `${bound(words, limit)}${unit === undefined ? '' : ` ${unitSymbol(unit)}`}`,
      got,
    );
  }
  return texts.forms.mustBe(expected, got);
}

const typeWords: Readonly<Record<string, string>> = texts.forms.typeWords;

/** The unit of the field at a JSON pointer; undefined when it has none. */
export function unitAt(definition: ObjectDefinition | undefined, path: string): string | undefined {
  let at: ValueDefinition | undefined = definition;
  for (const token of path.split('/').slice(1)) {
    if (at?.type === 'array') at = at.items;
    else if (at?.type === 'object')
      at = Object.entries(at.properties ?? {}).find(([name]) => name === token)?.[1];
  }
  return at !== undefined && 'unit' in at ? at.unit : undefined;
}
