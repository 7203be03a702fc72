interface SparklineProps {
  /** Oldest first. */
  values: readonly number[];
  /** Read out in its place. */
  label: string;
  /** How many values fill its width. */
  capacity: number;
}

const width = 120;
const height = 28;

/** The recent course of one number; its newest value is at the right edge. */
export function Sparkline({ values, label, capacity }: SparklineProps) {
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, capacity - 1);
  const start = width - (values.length - 1) * step;
  const points = values.map((value, at) => {
    const y = height - 2 - (value / most) * (height - 4);
    return `${(start + at * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <polyline points={points.join(' ')} />
    </svg>
  );
}
