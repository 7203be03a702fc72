interface SegmentedProps<Value extends string> {
  label: string;
  value: Value;
  /** Values and their words. */
  choices: readonly (readonly [value: Value, word: string])[];
  onValue: (value: Value) => void;
}

/** A choice of few, all in sight. */
export function Segmented<Value extends string>({ label, value, choices, onValue }: SegmentedProps<Value>) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {choices.map(([each, word]) => (
        <button key={each} type="button" aria-pressed={each === value} onClick={() => onValue(each)}>
          {word}
        </button>
      ))}
    </div>
  );
}
