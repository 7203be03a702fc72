import { signal } from '@preact/signals';
import { texts } from '../texts/texts.ts';

interface Saying {
  id: number;
  kind: 'done' | 'fault';
  text: string;
}

const sayings = signal<readonly Saying[]>([]);
/** Messages shown together; the oldest one is dropped first. */
const most = 4;
const doneMs = 6_000;
let lastId = 0;

/** Tells the operator, and screen readers, that something was done or went wrong. A fault stays until dismissed. */
export function say(kind: Saying['kind'], text: string): void {
  const id = (lastId += 1);
  sayings.value = [...sayings.value, { id, kind, text }].slice(-most);
  if (kind === 'done') setTimeout(() => dismiss(id), doneMs);
}

function dismiss(id: number): void {
  sayings.value = sayings.value.filter((one) => one.id !== id);
}

export function StatusRegion() {
  return (
    <div class="sayings">
      <div role="status" aria-live="polite">
        {sayings.value.map((one) => one.kind === 'done' && <Said key={one.id} {...one} />)}
      </div>
      <div role="alert">
        {sayings.value.map((one) => one.kind === 'fault' && <Said key={one.id} {...one} />)}
      </div>
    </div>
  );
}

function Said({ id, kind, text }: Saying) {
  return (
    <p class={`saying saying-${kind}`}>
      <span>{text}</span>
      <button type="button" class="icon-button" aria-label={texts.shared.dismiss} onClick={() => dismiss(id)}>
        ×
      </button>
    </p>
  );
}
