import { useId } from 'preact/hooks';
import { Field } from './field.tsx';

interface TextFieldProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: string | undefined;
  fault?: string | undefined;
  /** What the browser offers to choose from. */
  offers?: readonly string[];
  /** JSON pointer of the field that it fills, so that a refusal of the hub leads to it. */
  name?: string;
  type?: 'text' | 'number' | 'url' | 'time' | 'datetime-local' | 'password';
  /** Of a password: one that the person has already. */
  held?: boolean;
  required?: boolean;
  min?: number;
  max?: number;
  maxLength?: number;
  placeholder?: string;
}

/** One line of text, or a number, with its label. */
export function TextField({
  label,
  value,
  onValue,
  hint,
  fault,
  offers,
  type = 'text',
  held = false,
  ...input
}: TextFieldProps) {
  const list = useId();
  // Preact's types tell the kinds of inputs apart by what they may have besides; these all may have this.
  const typed = { type } as { type: 'text' };
  return (
    <Field label={label} hint={hint} fault={fault}>
      {(control) => (
        <>
          <input
            {...input}
            {...control}
            {...typed}
            autocomplete={type === 'password' ? (held ? 'current-password' : 'new-password') : 'off'}
            spellcheck={false}
            list={offers === undefined ? undefined : list}
            value={value}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          {offers !== undefined && (
            <datalist id={list}>
              {offers.map((offer) => (
                <option key={offer} value={offer} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}
