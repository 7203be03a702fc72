/** The clock of the page. */
import { signal, type ReadonlySignal } from '@preact/signals';

const second = signal(Date.now());
setInterval(() => {
  // In a hidden tab, nobody sees how old things are.
  if (!document.hidden) second.value = Date.now();
}, 1_000);
document.addEventListener('visibilitychange', () => {
  second.value = Date.now();
});

/** The time now, to the second; whatever reads it is rendered again each second. */
export const nowMs: ReadonlySignal<number> = second;
