import type { FrameRow } from '../../../../schemas/api/frames/frames.ts';

export type FrameChoice = 'all' | 'in' | 'out' | 'refused';

/** As many as the hub keeps. */
const kept = 200;

/** The rows so far and those that came, oldest first. A nack that came later is put beside the frame it refuses. */
export function joined(old: readonly FrameRow[], news: readonly FrameRow[]): readonly FrameRow[] {
  const first = news[0]?.n ?? 0;
  // Numbered anew: what was shown is of a hub that has stopped, or was removed since.
  const before = old.filter(({ n }) => n < first);
  const rows = [...before, ...news].slice(-kept);
  const late = news.filter(({ answers }) => answers !== undefined && answers < first);
  if (late.length === 0) return rows;
  return rows.map((row) => {
    const nacks = late.filter(({ answers }) => answers === row.n).flatMap(({ nack }) => nack ?? []);
    return nacks.length === 0 ? row : { ...row, nacks: [...(row.nacks ?? []), ...nacks] };
  });
}

/** Newest first. */
export function shownRows(rows: readonly FrameRow[], choice: FrameChoice): readonly FrameRow[] {
  const some = rows.filter(({ way, nacks }) => {
    if (choice === 'all') return true;
    return choice === 'refused' ? nacks !== undefined : way === choice;
  });
  return some.toReversed();
}
