/** Readings the hub refused, as `GET /api/v1/rejects` counts them, gathered for a picture. */
import type { RejectRow } from '../../../../schemas/api/telemetry/rejects.ts';

export interface RejectGrid {
  /** `stream field`, the worst first. */
  readonly fields: readonly { readonly stream: string; readonly field: string; readonly count: number }[];
  /** The worst first; the empty text: none was given. */
  readonly firmwares: readonly string[];
  /** By field, then by firmware, in the orders above. */
  readonly cells: readonly (readonly number[])[];
  readonly max: number;
}

/** Counts by field and firmware of one device type. @param most rows and columns at most; what is rarer is left out */
export function gridOf(rejects: readonly RejectRow[], most: number): RejectGrid {
  const byField = new Map<string, { stream: string; field: string; count: number }>();
  const byFirmware = new Map<string, number>();
  const byBoth = new Map<string, number>();
  for (const { stream, field, firmware, count } of rejects) {
    const key = keyOf(stream, field);
    const row = byField.get(key) ?? { stream, field, count: 0 };
    row.count += count;
    byField.set(key, row);
    byFirmware.set(firmware, (byFirmware.get(firmware) ?? 0) + count);
    const both = JSON.stringify([key, firmware]);
    byBoth.set(both, (byBoth.get(both) ?? 0) + count);
  }
  const fields = [...byField.values()].toSorted((a, b) => b.count - a.count).slice(0, most);
  const firmwares = [...byFirmware]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([firmware]) => firmware);
  const cells = fields.map(({ stream, field }) =>
    firmwares.map((firmware) => byBoth.get(JSON.stringify([keyOf(stream, field), firmware])) ?? 0),
  );
  return { fields, firmwares, cells, max: Math.max(0, ...cells.flat()) };
}

/** How strongly a cell is marked, 0 (nothing) to 5: by powers, since one bad field drowns all others. */
export function levelOf(count: number, max: number): number {
  if (count <= 0 || max <= 0) return 0;
  return 1 + Math.round((Math.log1p(count) / Math.log1p(max)) * 4);
}

function keyOf(stream: string, field: string): string {
  return JSON.stringify([stream, field]);
}
