import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { faultSentence } from './field-words.ts';
import { fieldId } from './field-props.ts';

interface FaultSummaryProps {
  readonly faults: readonly FieldError[];
  /** What the hub said, where it was the hub that refused. */
  readonly message: string | undefined;
  readonly prefix: string;
}

/** All that is wrong with a form, above it: read out when it appears, and a way to each field. */
export function FaultSummary({ faults, message, prefix }: FaultSummaryProps): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [faults, message]);
  if (faults.length === 0 && message === undefined) return null;
  return (
    <div ref={box} class="fault-summary" role="alert" tabIndex={-1}>
      <p>{message ?? 'Not sent: some of it is not right yet.'}</p>
      <ul>
        {faults.map((fault) => (
          <li key={fault.path}>
            <button type="button" class="link" onClick={() => focusField(fieldId(prefix, fault.path))}>
              {fault.path === '' ? 'All of it' : fault.path.replace(/^\//, '')}
            </button>
            : {faultSentence(fault)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function focusField(id: string): void {
  const field = document.getElementById(id);
  field?.focus();
  field?.scrollIntoView({ block: 'center' });
}
