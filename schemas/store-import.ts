/** The progress of `import`, and the report that it prints. */

/** The progress of an import. An interrupted one continues from it. */
export interface ImportState {
  points: number;
  /** Points that the store refused; `reason` is that of the first. */
  refused: number;
  reason?: string;
  series: number;
  timeUs: number;
  /** Sent so far, by measurement. */
  sent: Record<string, { fromMs: number; toMs: number; values: Record<string, number> }>;
}

/** A measurement in which a field has fewer values than were sent. */
export interface Shortfall {
  measurement: string;
  field: string;
  sent: number;
  found: number;
}

export interface ImportReport {
  points: number;
  refused: number;
  reason?: string;
  measurements: number;
  missing: Shortfall[];
}
