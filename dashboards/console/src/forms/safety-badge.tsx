import type { Safety } from '../../../../schemas/device-type.ts';

const tones: Readonly<Record<Safety, string>> = {
  observe: 'none',
  config: 'rest',
  actuate: 'warn',
  critical: 'bad',
};

/** How much harm a command can do: the word, on its colour. */
export function SafetyBadge({ safety }: { readonly safety: Safety }) {
  return <span class={`badge tone-${tones[safety]}`}>{safety}</span>;
}
