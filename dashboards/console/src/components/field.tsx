import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** What a control needs so that its label, hint and fault are read out with it. */
export interface ControlProps {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

interface FieldProps {
  label: string;
  hint?: string | undefined;
  /** What is wrong with the value. */
  fault?: string | undefined;
  children: (control: ControlProps) => ComponentChildren;
}

/** A labelled control with its hint and its fault. */
export function Field({ label, hint, fault, children }: FieldProps) {
  const id = useId();
  const noted = [hint === undefined ? '' : `${id}-hint`, fault === undefined ? '' : `${id}-fault`].filter(
    Boolean,
  );
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        'aria-describedby': noted.length === 0 ? undefined : noted.join(' '),
        'aria-invalid': fault === undefined ? undefined : true,
      })}
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {fault !== undefined && (
        <p id={`${id}-fault`} class="fault">
          {fault}
        </p>
      )}
    </div>
  );
}
