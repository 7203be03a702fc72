import type { JSX } from 'preact';

interface SparklineProps {
  /** The newest last. */
  readonly values: readonly number[];
  /** How many fit; those to come find their place empty. */
  readonly room: number;
  readonly label: string;
  /** Drawn as the top even when all values are lower. */
  readonly atLeast: number;
}

const width = 240;
const height = 40;

/** A small line of the last values, for the eye; the label says the newest to everybody else. */
export function Sparkline({ values, room, label, atLeast }: SparklineProps): JSX.Element {
  const top = Math.max(atLeast, ...values);
  const step = width / Math.max(1, room - 1);
  const start = width - (values.length - 1) * step;
  const points = values.map((value, index) => {
    const y = height - 1 - (Math.max(0, value) / top) * (height - 4);
    return `${(start + index * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line class="base" x1={0} y1={height - 0.5} x2={width} y2={height - 0.5} />
      {points.length < 2 ? null : <polyline points={points.join(' ')} />}
    </svg>
  );
}
