import { signal, type ReadonlySignal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const key = 'theme';
const chosen = signal<Theme>('auto');
const inEffect = signal<'light' | 'dark'>('light');

/** What was chosen; `auto` follows the system. */
export const theme: ReadonlySignal<Theme> = chosen;
/** What is shown; charts redraw when it changes. */
export const shownTheme: ReadonlySignal<'light' | 'dark'> = inEffect;

const system = matchMedia('(prefers-color-scheme: dark)');

export function startTheme(): void {
  const stored = localStorage.getItem(key);
  system.addEventListener('change', apply);
  chooseTheme(stored === 'light' || stored === 'dark' ? stored : 'auto');
}

export function chooseTheme(next: Theme): void {
  chosen.value = next;
  if (next === 'auto') localStorage.removeItem(key);
  else localStorage.setItem(key, next);
  apply();
}

function apply(): void {
  const { value } = chosen;
  document.documentElement.dataset['theme'] = value;
  inEffect.value = value === 'auto' ? (system.matches ? 'dark' : 'light') : value;
}
