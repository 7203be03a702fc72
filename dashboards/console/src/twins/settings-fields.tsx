import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { FaultSummary } from '../forms/fault-summary.tsx';
import type { Draft } from '../forms/params-draft.ts';
import { ObjectFields } from '../forms/params-fields.tsx';

interface SettingsFieldsProps {
  readonly definition: ObjectDefinition;
  readonly draft: Draft;
  /** As of the last attempt to save: a new list takes the focus to the summary. */
  readonly faults: readonly FieldError[];
  readonly message: string | undefined;
  readonly disabled: boolean;
  readonly onChange: (draft: Draft) => void;
}

/** A field for each setting of a device, below what is wrong with them. */
export function SettingsFields({
  definition,
  draft,
  faults,
  message,
  disabled,
  onChange,
}: SettingsFieldsProps) {
  return (
    <>
      <FaultSummary faults={faults} definition={definition} message={message} />
      <ObjectFields
        name="desired"
        definition={definition}
        draft={draft}
        required
        path=""
        faults={new Map(faults.map((fault) => [fault.path, fault]))}
        disabled={disabled}
        onChange={onChange}
      />
    </>
  );
}
