import { FaultSummary } from '../forms/fault-summary.tsx';
import { ObjectFields } from '../forms/params-fields.tsx';
import type { SettingsDraft } from './use-settings-draft.ts';

type SettingsFieldsProps = SettingsDraft['fields'] & { readonly disabled: boolean };

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
