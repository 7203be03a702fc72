import { signal, type ReadonlySignal } from '@preact/signals';

const query = matchMedia('(max-width: 640px)');
const narrowNow = signal(query.matches);
query.addEventListener('change', () => {
  narrowNow.value = query.matches;
});

/** A phone's width; the same limit as in the style sheets. */
export const narrow: ReadonlySignal<boolean> = narrowNow;
