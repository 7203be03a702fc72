import { useEffect, useRef, useState } from 'preact/hooks';
import type { Safety } from '../../../../schemas/device-type.ts';
import { Field } from '../components/field.tsx';
import { safetyWords } from './command-words.ts';
import { ParamsList } from './params-list.tsx';
import { SafetyBadge } from './safety-badge.tsx';

interface ConfirmStepProps {
  readonly safety: Safety;
  /** What has to be typed before something critical is sent: the device id, or the selection of a group. */
  readonly target: string;
  readonly title: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly onConfirm: () => void;
  readonly onBack: () => void;
}

/** Asks for confirmation before something moves; a critical command is confirmed by typing the target's name. */
export function ConfirmStep({ safety, target, title, params, onConfirm, onBack }: ConfirmStepProps) {
  const [typed, setTyped] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const critical = safety === 'critical';
  return (
    <form
      class="command-form"
      aria-label="Confirm"
      onSubmit={(event) => {
        event.preventDefault();
        if (!critical || typed === target) onConfirm();
      }}
    >
      <h3 ref={heading} tabIndex={-1}>
        {title} on {target}?
      </h3>
      <p>
        <SafetyBadge safety={safety} /> {safetyWords[safety]}
      </p>
      <ParamsList params={params} />
      {critical && (
        <Field label={`Type ${target} to confirm`}>
          {(control) => (
            <input
              {...control}
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      <div class="actions">
        <button type="submit" class="button danger" disabled={critical && typed !== target}>
          Confirm and send
        </button>
        <button type="button" class="button" onClick={onBack}>
          Back
        </button>
      </div>
    </form>
  );
}
