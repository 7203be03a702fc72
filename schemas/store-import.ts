/** What `import` knows and prints. */

/** How far an import is: what an interrupted one goes on from. */
export interface ImportState {
  points: number;
  /** The store refused them, for the first reason given. */
  refused: number;
  reason?: string;
  series: number;
  timeUs: number;
  /** What was sent of each measurement. */
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
