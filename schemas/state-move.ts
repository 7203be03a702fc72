/** What `state migrate` prints. */

export interface MovedTableReport {
  readonly name: string;
  readonly rows: number;
  /** Of all rows in the order of their keys, hexadecimal; not given: nothing was compared yet. */
  readonly sha256?: string;
}

export interface MoveReport {
  /** The id of the hub. */
  readonly hub: string;
  /** `resumed`: an earlier move was interrupted; `finished`: everything had been moved already. */
  readonly begins: 'new' | 'resumed' | 'finished';
  readonly tables: readonly MovedTableReport[];
}

/** How far one table has come. */
export interface MoveProgress {
  step: 'copy' | 'verify';
  table: string;
  rows: number;
  of: number;
}
