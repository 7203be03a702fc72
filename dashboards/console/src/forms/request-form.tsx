import type { ComponentChildren } from 'preact';
import { Refusal } from './refusal.tsx';
import type { Request } from './use-request.ts';

interface RequestFormProps {
  label: string;
  /** On the button that sends it. */
  action: string;
  request: Request;
  onSubmit: () => void;
  /** It can be sent as it is filled in. */
  ready?: boolean;
  /** A further class of it. */
  name?: string;
  /** Beside the button. */
  beside?: ComponentChildren;
  /** Its fields. */
  children: ComponentChildren;
}

/** A form of one request: why the hub refused the last one, the fields, and the button that sends it. */
export function RequestForm(props: RequestFormProps) {
  const { label, action, request, onSubmit, ready = true, name = '', beside, children } = props;
  return (
    <form
      class={`command-form ${name}`}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onSubmit();
      }}
    >
      <Refusal error={request.error} />
      {children}
      <div class="actions">
        <button type="submit" class="button primary" disabled={request.busy || !ready}>
          {action}
        </button>
        {beside}
      </div>
    </form>
  );
}
