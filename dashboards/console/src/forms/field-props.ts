import type { ValueDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import type { Draft } from './params-draft.ts';

/** What every part of a form is given. Its control (or frame) carries `path` as its name. */
export interface FieldProps<Definition extends ValueDefinition> {
  readonly name: string;
  readonly definition: Definition;
  readonly draft: Draft;
  readonly required: boolean;
  /** JSON pointer into the params. */
  readonly path: string;
  /** Of the whole form, by pointer. */
  readonly faults: ReadonlyMap<string, FieldError>;
  readonly disabled: boolean;
  readonly onChange: (draft: Draft) => void;
}
