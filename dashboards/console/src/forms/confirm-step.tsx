import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Safety } from '../../../../schemas/device-type.ts';
import { safetyWords } from './command-words.ts';

interface ConfirmStepProps {
  readonly safety: Safety;
  /** What has to be typed before something critical is sent: the device id, or the selection of a group. */
  readonly target: string;
  readonly title: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly onConfirm: () => void;
  readonly onBack: () => void;
}

/** Asks once more before something moves; what is critical is asked for by the name of what it is done to. */
export function ConfirmStep({
  safety,
  target,
  title,
  params,
  onConfirm,
  onBack,
}: ConfirmStepProps): JSX.Element {
  const [typed, setTyped] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const critical = safety === 'critical';
  return (
    <form
      class="confirm"
      onSubmit={(event) => {
        event.preventDefault();
        if (!critical || typed === target) onConfirm();
      }}
    >
      <h3 ref={heading} tabIndex={-1}>
        {title} on {target}?
      </h3>
      <p>
        <span class={`safety ${safety}`}>{safety}</span> {safetyWords[safety]}
      </p>
      <ParamsList params={params} />
      {critical ? (
        <div class="field">
          <label for="confirm-target">
            Type <kbd>{target}</kbd> to send it
          </label>
          <input
            id="confirm-target"
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
      ) : null}
      <div class="actions">
        <button type="submit" class="danger" disabled={critical && typed !== target}>
          Yes, send it
        </button>
        <button type="button" onClick={onBack}>
          Back
        </button>
      </div>
    </form>
  );
}

/** Params as they will be sent. */
export function ParamsList({ params }: { readonly params: Readonly<Record<string, unknown>> }): JSX.Element {
  const entries = Object.entries(params);
  if (entries.length === 0) return <p class="muted">Without parameters.</p>;
  return (
    <dl class="params">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <code>{JSON.stringify(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  );
}
