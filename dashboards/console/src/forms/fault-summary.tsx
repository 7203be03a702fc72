import { useEffect, useRef } from 'preact/hooks';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { faultSentence, unitAt } from './field-words.ts';

interface FaultSummaryProps {
  readonly faults: readonly FieldError[];
  /** What the faults are about: it knows their units. */
  readonly definition: ObjectDefinition | undefined;
  /** What the hub said, where it was the hub that refused. */
  readonly message: string | undefined;
}

/** All that is wrong with the form it stands in: read out when it appears, and a way to each field. */
export function FaultSummary({ faults, definition, message }: FaultSummaryProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [faults, message]);
  if (faults.length === 0 && message === undefined) return null;
  const focusField = (path: string): void => {
    const field = box.current?.closest('form')?.querySelector<HTMLElement>(`[name="${CSS.escape(path)}"]`);
    field?.focus();
    field?.scrollIntoView({ block: 'center' });
  };
  return (
    <div ref={box} class="fault-summary" role="alert" tabIndex={-1}>
      <p>{message ?? 'Not sent: some of it is not right yet.'}</p>
      <ul>
        {faults.map((fault) => (
          <li key={fault.path}>
            <button type="button" class="link-button" onClick={() => focusField(fault.path)}>
              {fault.path === '' ? 'All of it' : fault.path.replace(/^\//, '')}
            </button>
            : {faultSentence(fault, unitAt(definition, fault.path))}
          </li>
        ))}
      </ul>
    </div>
  );
}
