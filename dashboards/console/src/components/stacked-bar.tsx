import { countWords } from '../number-words.ts';

interface Part {
  key: string;
  /** The count; the width is its share. */
  value: number;
  /** Its colour, by class. */
  class: string;
  word: string;
}

/** Shares of a whole as one bar. The numbers stand beside it: the picture alone says too little. */
export function StackedBar({ parts, label }: { parts: readonly Part[]; label: string }) {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  let from = 0;
  return (
    <svg class="stacked-bar" role="img" aria-label={label} preserveAspectRatio="none">
      {parts.map(({ key, value, class: name, word }) => {
        if (value === 0) return null;
        const x = (from / total) * 100;
        from += value;
        return (
          <rect key={key} class={name} x={`${x}%`} width={`${(value / total) * 100}%`} height="100%">
            <title>{`${word}: ${countWords(value)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
