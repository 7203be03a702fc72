/** The data pipeline as a picture: received points on the left flow into the places where they are now. */
import type { HubSnapshot } from '../../../../schemas/api/hub.ts';

export type Fate = 'stored' | 'inFlight' | 'spooled' | 'deadLettered' | 'rejected' | 'dropped';

export interface Band {
  readonly fate: Fate;
  readonly points: number;
  /** On the left, where it leaves the bar of what came in. */
  readonly fromY: number;
  /** On the right. */
  readonly toY: number;
  readonly height: number;
}

export interface LedgerFlow {
  /** carried + received */
  readonly came: number;
  readonly bands: readonly Band[];
  /** Height of the bar on the left. */
  readonly barHeight: number;
}

/** Height of something that is not nothing, however small its share. */
const minHeight = 3;
/** The least distance between the middles of two bars, so that their labels do not touch; and the gap between bars. */
const pitch = 22;
const gap = 8;

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Lays the picture out. @param height of all bands together, without the gaps between them */
export function layOut(ledger: HubSnapshot['ledger'], height: number): LedgerFlow {
  const came = ledger.carried + ledger.received;
  const fates: [Fate, number][] = [
    ['stored', ledger.stored],
    ['inFlight', ledger.inFlight],
    ['spooled', ledger.spooled],
    ['deadLettered', ledger.deadLettered],
    ['rejected', sumOf(ledger.rejected)],
    ['dropped', sumOf(ledger.dropped)],
  ];
  const all = Math.max(1, came, ...fates.map(([, points]) => points));
  const small = fates.filter(([, points]) => points > 0 && (points / all) * height < minHeight);
  const rest = height - small.length * minHeight;
  const bands: Band[] = [];
  let fromY = 0;
  let toY = 0;
  for (const [fate, points] of fates) {
    const share = (points / all) * rest;
    const bandHeight = points === 0 ? 0 : Math.max(minHeight, share);
    const room = Math.max(bandHeight, minHeight);
    const before = bands.at(-1);
    const middle =
      before === undefined ? room / 2 : before.toY + Math.max(before.height, minHeight) / 2 + pitch;
    const top = Math.max(toY, middle - room / 2);
    bands.push({ fate, points, fromY, toY: top, height: bandHeight });
    fromY += bandHeight;
    toY = top + room + gap;
  }
  return { came, bands, barHeight: fromY };
}

/** The ribbon of a band as an SVG path, from `x0` to `x1`. */
export function ribbon({ fromY, toY, height }: Band, x0: number, x1: number): string {
  const middle = (x0 + x1) / 2;
  const top = `M${x0},${fromY} C${middle},${fromY} ${middle},${toY} ${x1},${toY}`;
  return `${top} L${x1},${toY + height} C${middle},${toY + height} ${middle},${fromY + height} ${x0},${fromY + height} Z`;
}
