import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { texts } from '../texts/texts.ts';
import { faultSentence, unitAt } from './field-words.ts';

interface FaultSummaryProps {
  /** Of one attempt: a new list takes the focus. */
  readonly faults: readonly FieldError[];
  /** The schema of the params, for the units of the fields. */
  readonly definition: ObjectDefinition | undefined;
  /** The hub's message, when the hub rejected the request. */
  readonly message: string | undefined;
}

/** All faults of the form: read out when they appear, each with a link to its field. */
export function FaultSummary({ faults, definition, message }: FaultSummaryProps) {
  const box = useRef<HTMLDivElement>(null);
  /** As their labels say them; the hub names them by their place in the request. */
  const [labels, setLabels] = useState<Readonly<Record<string, string>>>({});
  useLayoutEffect(() => {
    const found = faults.map(({ path }) => [path, labelOf(fieldAt(box.current, path))] as const);
    setLabels(Object.fromEntries(found));
  }, [faults]);
  useEffect(() => box.current?.focus(), [faults, message]);
  if (faults.length === 0 && message === undefined) return null;
  const focusField = (path: string): void => {
    const field = fieldAt(box.current, path);
    const folded = field?.closest('details');
    if (folded) folded.open = true;
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
              {fault.path === ''
                ? texts.forms.theWholeForm
                : labels[fault.path] || fault.path.replace(/^\//, '')}
            </button>
            : {faultSentence(fault, unitAt(definition, fault.path))}
          </li>
        ))}
      </ul>
    </div>
  );
}

function fieldAt(box: HTMLElement | null, path: string): HTMLInputElement | null {
  return box?.closest('form')?.querySelector<HTMLInputElement>(`[name="${CSS.escape(path)}"]`) ?? null;
}

/** With what it is folded under, such as the name of a field of readings. Empty when there is none. */
function labelOf(field: HTMLInputElement | null): string {
  const label = field?.labels?.[0]?.textContent ?? '';
  const above = field?.closest('details')?.querySelector('summary')?.querySelector('code')?.textContent;
  return label === '' || above === undefined ? label : `${above} › ${label}`;
}
