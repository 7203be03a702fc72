import { useEffect, useRef } from 'preact/hooks';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { texts } from '../texts/texts.ts';
import { faultSentence, unitAt } from './field-words.ts';

interface FaultSummaryProps {
  readonly faults: readonly FieldError[];
  /** The schema of the params, for the units of the fields. */
  readonly definition: ObjectDefinition | undefined;
  /** The hub's message, when the hub rejected the request. */
  readonly message: string | undefined;
}

/** All faults of the form: read out when they appear, each with a link to its field. */
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
      <p>{message ?? texts.forms.checkTheHighlightedFields}</p>
      <ul>
        {faults.map((fault) => (
          <li key={fault.path}>
            <button type="button" class="link-button" onClick={() => focusField(fault.path)}>
              {fault.path === '' ? texts.forms.theWholeForm : fault.path.replace(/^\//, '')}
            </button>
            : {faultSentence(fault, unitAt(definition, fault.path))}
          </li>
        ))}
      </ul>
    </div>
  );
}
