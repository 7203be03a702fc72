import { useId } from 'preact/hooks';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { Field } from '../components/field.tsx';
import { faultSentence } from '../forms/field-words.ts';
import { texts } from '../texts/texts.ts';
import type { Pace } from './pace.ts';

interface PartProps<Value> {
  readonly faults: readonly FieldError[];
  readonly disabled: boolean;
  readonly onChange: (value: Value) => void;
}

interface GroupTargetProps extends PartProps<string> {
  readonly target: string;
  readonly groups: readonly string[];
}

/** Which devices: a stored group, or a selection. */
export function GroupTarget({ target, groups, faults, disabled, onChange }: GroupTargetProps) {
  const list = useId();
  return (
    <Field
      label={texts.common.devices}
      hint={texts.commands.groupNameAllDeviceId}
      fault={sentenceAt(faults, 'target')}
    >
      {(control) => (
        <>
          <input
            {...control}
            name="target"
            type="text"
            list={list}
            autocomplete="off"
            spellcheck={false}
            value={target}
            disabled={disabled}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
          <datalist id={list}>
            {groups.map((group) => (
              <option key={group} value={group} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

interface PaceFieldsProps extends PartProps<Pace> {
  readonly pace: Pace;
}

/** How fast the command is rolled out over the devices. */
export function PaceFields({ pace, faults, disabled, onChange }: PaceFieldsProps) {
  const fields = [
    ['wave', texts.commands.devicesInOneWave, texts.commands.defaultATenth],
    ['maxFailures', texts.common.failuresAllowed, texts.commands.stopAfterMoreFailures],
  ] as const;
  return (
    <div class="field-row">
      {fields.map(([name, label, hint]) => (
        <Field key={name} label={label} hint={hint} fault={sentenceAt(faults, name)}>
          {(control) => (
            <input
              {...control}
              name={name}
              type="text"
              inputMode="numeric"
              autocomplete="off"
              value={pace[name]}
              disabled={disabled}
              onInput={(event) => onChange({ ...pace, [name]: event.currentTarget.value })}
            />
          )}
        </Field>
      ))}
    </div>
  );
}

function sentenceAt(faults: readonly FieldError[], path: string): string | undefined {
  const fault = faults.find((each) => each.path === path);
  return fault === undefined ? undefined : faultSentence(fault);
}
