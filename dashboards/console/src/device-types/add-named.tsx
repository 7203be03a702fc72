import { useState } from 'preact/hooks';
import { TextField } from '../components/text-field.tsx';

interface AddNamedProps {
  readonly label: string;
  readonly hint: string;
  /** Of the button. */
  readonly add: string;
  /** Names that are there already: nothing happens for them. */
  readonly taken: Readonly<Record<string, unknown>>;
  readonly onAdd: (name: string) => void;
}

/** Adds something new to a device type, under a name of its own. */
export function AddNamed({ label, hint, add, taken, onAdd }: AddNamedProps) {
  const [given, setGiven] = useState('');
  const onClick = (): void => {
    const name = given.trim();
    if (name === '' || Object.hasOwn(taken, name)) return;
    onAdd(name);
    setGiven('');
  };
  return (
    <div class="field-row">
      <TextField label={label} hint={hint} value={given} maxLength={64} onValue={setGiven} />
      <div class="actions">
        <button type="button" class="button" onClick={onClick}>
          {add}
        </button>
      </div>
    </div>
  );
}
