import type { PresenceHistory } from '../../../../schemas/api/presence-history.ts';
import type { PresenceState } from '../../../../schemas/presence-states.ts';

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

/** The share of each state in the time that is known, largest first. Pure. */
export function sharesOf(segments: readonly Segment[]): { state: PresenceState; share: number }[] {
  const sums = new Map<PresenceState, number>();
  let all = 0;
  for (const { state, fromMs, toMs } of segments) {
    sums.set(state, (sums.get(state) ?? 0) + toMs - fromMs);
    all += toMs - fromMs;
  }
  return [...sums].map(([state, sum]) => ({ state, share: sum / all })).toSorted((a, b) => b.share - a.share);
}
