import type { ValueDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import type { Draft } from './params-draft.ts';

/** What every part of a form is given. */
export interface FieldProps<Definition extends ValueDefinition> {
  readonly name: string;
  readonly definition: Definition;
  readonly draft: Draft;
  readonly required: boolean;
  /** JSON pointer into the params. */
  readonly path: string;
  /** Of the whole form, by pointer. */
  readonly faults: ReadonlyMap<string, FieldError>;
  /** Before every id of the form, so that two forms of one page do not clash. */
  readonly prefix: string;
  readonly disabled: boolean;
  readonly onChange: (draft: Draft) => void;
}

/** The id of the input (or group) a pointer leads to. */
export function fieldId(prefix: string, path: string): string {
  return `${prefix}${path.replaceAll('/', '-')}`;
}
