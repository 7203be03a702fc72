import type { PresenceHistory } from '../../../../schemas/api/presence-history.ts';
import type { PresenceState } from '../../../../schemas/presence-states.ts';
import { texts } from '../texts/texts.ts';
import { shortSpan } from '../time.ts';

export interface Segment {
  state: PresenceState;
  fromMs: number;
  toMs: number;
}

/** The stretches of one state between two times, oldest first; nothing where nothing is known. Pure. */
export function segmentsOf(
  { changes, stateBefore }: PresenceHistory,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Segment[] {
  const segments: Segment[] = [];
  let state = stateBefore;
  let sinceMs = fromMs;
  const end = (atMs: number): void => {
    if (state === null || atMs <= sinceMs) return;
    const last = segments.at(-1);
    if (last?.state === state && last.toMs === sinceMs) last.toMs = atMs;
    else segments.push({ state, fromMs: sinceMs, toMs: atMs });
  };
  for (const change of changes) {
    if (change.timeMs >= toMs) break;
    if (change.timeMs > fromMs) {
      end(change.timeMs);
      sinceMs = change.timeMs;
    }
    state = change.state;
  }
  end(toMs);
  return segments;
}

/** A state with its share of the time that is known. */
export interface PresenceShare {
  state: PresenceState;
  /** In tenths of a per cent; all together make 1,000. */
  tenths: number;
}

/**
 * The share of each state in the time that is known, largest first. Each that was there has at least a tenth of a per
 * cent, and the rest is rounded by the largest remainder, so that they sum to 100 %. Pure.
 */
export function sharesOf(segments: readonly Segment[]): PresenceShare[] {
  const sums = new Map<PresenceState, number>();
  for (const { state, fromMs, toMs } of segments) sums.set(state, (sums.get(state) ?? 0) + toMs - fromMs);
  const all = knownMs(segments);
  const shares = [...sums]
    .map(([state, sum]) => ({ state, exact: (sum / all) * 1_000 }))
    .map((share) => ({ ...share, tenths: Math.max(1, Math.floor(share.exact)) }))
    .toSorted((a, b) => b.exact - a.exact);
  let left = 1_000 - shares.reduce((sum, { tenths }) => sum + tenths, 0);
  for (const share of shares.toSorted((a, b) => b.exact - b.tenths - (a.exact - a.tenths))) {
    if (left <= 0) break;
    share.tenths += 1;
    left -= 1;
  }
  const [largest] = shares;
  if (largest !== undefined && left < 0) largest.tenths += left;
  return shares.map(({ state, tenths }) => ({ state, tenths }));
}

/** How much of the span is known, ms. */
function knownMs(segments: readonly Segment[]): number {
  return segments.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** What the shares are of, when that is not the whole span; `''`: it is. Pure. */
export function knownText(
  segments: readonly Segment[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
  registeredMs: number,
): string {
  const known = knownMs(segments);
  // A change is stored a little later than the device is registered.
  if (segments.length === 0 || known >= (toMs - fromMs) * 0.99) return '';
  return registeredMs > fromMs && known >= (toMs - registeredMs) * 0.99
    ? texts.device.ofTheSinceItWas(shortSpan(known))
    : texts.device.ofTheThatAreKnown(shortSpan(known));
}
