/** The report of `state migrate`. */

export interface MovedTableReport {
  readonly name: string;
  readonly rows: number;
  /** The hash of all rows in the order of their keys, hexadecimal; not given: not compared yet. */
  readonly sha256?: string;
}

export interface MoveReport {
  /** The id of the hub. */
  readonly hub: string;
  /** `resumed`: continues a move that was interrupted; `finished`: everything had been moved already. */
  readonly begins: 'new' | 'resumed' | 'finished';
  readonly tables: readonly MovedTableReport[];
}

/** The progress of one table. */
export interface MoveProgress {
  step: 'copy' | 'verify';
  table: string;
  rows: number;
  of: number;
}
