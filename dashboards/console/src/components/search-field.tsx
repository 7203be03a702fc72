import { useEffect, useRef, useState } from 'preact/hooks';
import { Field } from './field.tsx';

/** From the last key to the search, ms: a word is not looked up letter by letter. */
const pauseMs = 300;

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly placeholder?: string;
}

/** A filter that is typed: it applies after a pause, and at once with Enter. */
export function SearchField({ label, value, onValue, placeholder }: SearchFieldProps) {
  const [typed, setTyped] = useState(value);
  const [given, setGiven] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // Something else set the filter, such as the way back.
  if (given !== value) {
    setGiven(value);
    if (typed.trim() !== value) setTyped(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const apply = (text: string): void => {
    clearTimeout(timer.current);
    onValue(text.trim());
  };
  return (
    <Field label={label}>
      {(control) => (
        <input
          {...control}
          type="search"
          autocomplete="off"
          placeholder={placeholder}
          value={typed}
          onInput={({ currentTarget: { value: text } }) => {
            setTyped(text);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => apply(text), pauseMs);
          }}
          onChange={(event) => apply(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
