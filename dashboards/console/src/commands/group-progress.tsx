import type { JSX } from 'preact';
import { reasonWords, statusWords } from '../forms/command-words.ts';
import type { GroupCommandView } from './command-view.ts';
import { planWords, wavesOf, type TargetRow, type Wave } from './waves.ts';

interface GroupProgressProps {
  readonly rollout: GroupCommandView & { readonly devices: readonly TargetRow[] };
  /** Absent where nothing is to be stopped, or may be. */
  readonly onStop?: () => void;
}

/** Devices named in one wave before the rest is only counted. */
const mostNamed = 200;

/** A group command wave by wave, as it goes on. */
export function GroupProgress({ rollout, onStop }: GroupProgressProps): JSX.Element {
  const { status, final, reason, devices, wave, maxFailures, targets, succeeded, failed } = rollout;
  return (
    <section aria-label={`Group command ${rollout.id}`} class="group-progress">
      <p role="status">
        <strong class={`command-status ${status}`}>{status}</strong> {final ? statusWords(status) : ''}{' '}
        {reason === undefined ? '' : reasonWords(reason)} {succeeded} of {targets} succeeded, {failed} failed
        or uncertain.
      </p>
      <Bar wave={rollout} total={targets} label={`${succeeded} of ${targets} devices succeeded`} />
      <p class="muted">{planWords(targets, wave, maxFailures)}</p>
      {onStop === undefined || final ? null : (
        <div class="actions">
          <button type="button" class="danger" onClick={onStop}>
            Stop it
          </button>
          <span class="muted">No further wave is sent; what has begun may end.</span>
        </div>
      )}
      <ol class="waves">
        {wavesOf(devices, wave).map((each) => (
          <li key={each.number}>
            <WaveRow wave={each} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function WaveRow({ wave }: { readonly wave: Wave }): JSX.Element {
  const { number, targets, succeeded, failed, open, waiting, skipped } = wave;
  const words = [
    [succeeded, 'succeeded'],
    [failed, 'failed or uncertain'],
    [open, 'under way'],
    [waiting, 'waiting'],
    [skipped, 'skipped'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
  return (
    <details open={failed > 0}>
      <summary>
        <span class="wave-name">Wave {number}</span>
        <Bar wave={wave} total={targets.length} label={words} />
        <span class="muted">{words}</span>
      </summary>
      <ul class="targets">
        {targets.slice(0, mostNamed).map(({ device, status, reason }) => (
          <li key={device}>
            <a href={`/devices/${encodeURIComponent(device)}`}>{device}</a>{' '}
            <span class={`command-status ${status}`}>{status}</span>
            {reason === undefined ? null : <span class="muted"> {reasonWords(reason)}</span>}
          </li>
        ))}
      </ul>
      {targets.length > mostNamed ? <p class="muted">and {targets.length - mostNamed} more</p> : null}
    </details>
  );
}

interface BarProps {
  readonly wave: Pick<Wave, 'succeeded' | 'failed' | 'open' | 'waiting' | 'skipped'>;
  readonly total: number;
  readonly label: string;
}

/** Shares of a whole, side by side; what they mean stands beside it in words. */
export function Bar({ wave, total, label }: BarProps): JSX.Element {
  const kinds = ['succeeded', 'failed', 'open', 'waiting', 'skipped'] as const;
  let x = 0;
  return (
    <svg class="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={label}>
      {kinds.map((kind) => {
        const width = total === 0 ? 0 : (wave[kind] / total) * 100;
        x += width;
        return width === 0 ? null : (
          <rect key={kind} class={kind} x={x - width} y={0} width={width} height={8} />
        );
      })}
    </svg>
  );
}
