import { useState } from 'preact/hooks';
import { TextField } from '../components/text-field.tsx';

interface NumberInputProps {
  readonly label: string;
  readonly name: string;
  readonly value: number | undefined;
  /** Undefined: it was emptied. */
  readonly onValue: (value: number | undefined) => void;
  readonly required?: boolean;
}

/** A number that may be absent. What is typed stays as it is typed: 1.0 is on the way to 1.05. */
export function NumberInput({ value, onValue, ...field }: NumberInputProps) {
  const [text, setText] = useState(value === undefined ? '' : String(value));
  return (
    <TextField
      {...field}
      type="number"
      value={text}
      onValue={(next) => {
        setText(next);
        onValue(next === '' ? undefined : Number(next));
      }}
    />
  );
}
