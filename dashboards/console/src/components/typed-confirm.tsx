import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { texts } from '../texts/texts.ts';
import { TextField } from './text-field.tsx';

interface TypedConfirmProps {
  title: string;
  /** What has to be typed first; undefined: nothing. */
  typed: string | undefined;
  /** On the button. */
  action: string;
  busy?: boolean;
  onConfirm: () => void;
  onBack: () => void;
  /** What will happen. */
  children?: ComponentChildren;
}

/** Asks once more before something that cannot be undone; what is grave is confirmed by typing the name of its target. */
export function TypedConfirm(props: TypedConfirmProps) {
  const { title, typed, action, busy = false, onConfirm, onBack, children } = props;
  const [text, setText] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const ready = !busy && (typed === undefined || text === typed);
  return (
    <form
      class="command-form"
      aria-label={texts.shared.confirm}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onConfirm();
      }}
    >
      <h3 ref={heading} tabIndex={-1}>
        {title}
      </h3>
      {children}
      {typed !== undefined && (
        <TextField label={texts.shared.typeToConfirm(typed)} value={text} onValue={setText} />
      )}
      <div class="actions">
        <button type="submit" class="button danger" disabled={!ready}>
          {action}
        </button>
        <button type="button" class="button" onClick={onBack}>
          {texts.shared.back}
        </button>
      </div>
    </form>
  );
}
