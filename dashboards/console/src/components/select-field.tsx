import { Field } from './field.tsx';

interface SelectFieldProps {
  label: string;
  name?: string;
  value: string;
  onValue: (value: string) => void;
  /** Values and their words. */
  choices: readonly (readonly [value: string, word: string])[];
  hint?: string | undefined;
  disabled?: boolean;
}

/** A choice of one, with its label. */
export function SelectField({ label, name, value, onValue, choices, hint, disabled }: SelectFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(control) => (
        <select
          {...control}
          name={name}
          value={value}
          disabled={disabled}
          onChange={(event) => onValue(event.currentTarget.value)}
        >
          {choices.map(([each, word]) => (
            <option key={each} value={each}>
              {word}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
