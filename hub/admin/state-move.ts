import { createHash, type Hash } from 'node:crypto';
import { HubError } from '../kernel/errors.ts';
import type { MoveProgress, MoveReport, MovedTableReport } from '../../schemas/state-move.ts';

/** A value of a row, as both databases give it. */
export type MovedValue = string | number | boolean | null | Uint8Array;
export type MovedRow = readonly MovedValue[];
/** Where a page of a table ends; the next one begins behind it. */
export type MovedKey = readonly (string | number)[];

/** The hub whose state is moved. */
export interface MovedHub {
  readonly id: string;
  /** The number of its latest start: a state of which this is the same has not been used since. */
  readonly incarnation: number;
  /** From which epoch devices begin that are registered later. */
  readonly epochFloor: number;
}

/** The state in a data folder that no hub uses. Every method may reject with HubError `database-failed`. */
export interface MoveSource {
  readonly hub: MovedHub;
  readonly tables: readonly string[];
  count(table: string): Promise<number>;
  /** In the order of their keys. */
  page(table: string, after: MovedKey | undefined): Promise<{ rows: MovedRow[]; last: MovedKey | undefined }>;
}

/** What is in the target before the move begins. */
export type MoveFound =
  | { kind: 'empty' }
  /** Somebody's state that was not moved there. */
  | { kind: 'used'; hubs: readonly string[] }
  | {
      kind: 'begun';
      hub: Pick<MovedHub, 'id' | 'incarnation'>;
      /** How far the tables have come. */
      progress: ReadonlyMap<string, MovedProgress>;
    }
  | {
      kind: 'finished';
      hub: Pick<MovedHub, 'id' | 'incarnation'>;
      tables: readonly MovedTableReport[];
      /** A hub has started there since. */
      used: boolean;
    };

export interface MovedProgress {
  rows: number;
  last: MovedKey;
}

/** The database that gets the state. Every method may reject with HubError `database-failed`. */
export interface MoveTarget {
  /** For messages, without credentials. */
  readonly name: string;
  found(): Promise<MoveFound>;
  /** Empties it, and notes whose state comes. */
  begin(hub: MovedHub): Promise<void>;
  /** Rows together with how far the table has come: both or neither. */
  write(hub: MovedHub, table: string, rows: readonly MovedRow[], progress: MovedProgress): Promise<void>;
  /** The table is to be written from its beginning. */
  clear(table: string): Promise<void>;
  /** Every row, in the order of their keys. */
  read(table: string, each: (row: MovedRow) => void): Promise<void>;
  /** From here on a hub may start there. @throws HubError `state-not-moved` when one has started already */
  finish(hub: MovedHub, tables: readonly MovedTableReport[]): Promise<void>;
}

export interface StateMove {
  source: MoveSource;
  target: MoveTarget;
  progress: (progress: MoveProgress) => void;
}

/** @returns what a move would do; nothing is written */
export async function planMove({ source, target }: Omit<StateMove, 'progress'>): Promise<MoveReport> {
  const begins = beginningOf(await target.found(), source.hub, target.name);
  const tables: MovedTableReport[] = [];
  for (const name of source.tables) tables.push({ name, rows: await source.count(name) });
  return { hub: source.hub.id, begins: begins.kind, tables };
}

/**
 * Copies every table, page by page, and compares both sides. Where an earlier move was interrupted, it goes on.
 * @throws HubError `state-not-moved`: the target holds another state, or differs from the source in the end
 */
export async function moveState(move: StateMove): Promise<MoveReport> {
  const { source, target } = move;
  const { hub } = source;
  const begins = beginningOf(await target.found(), hub, target.name);
  if (begins.kind === 'finished') return { hub: hub.id, begins: 'finished', tables: begins.tables };
  if (begins.kind === 'new') await target.begin(hub);
  for (const table of source.tables) await copy(move, table, begins.progress.get(table));
  const tables: MovedTableReport[] = [];
  for (const table of source.tables) tables.push(await verify(move, table));
  await target.finish(hub, tables);
  return { hub: hub.id, begins: begins.kind, tables };
}

type Beginning =
  | { kind: 'new' | 'resumed'; progress: ReadonlyMap<string, MovedProgress> }
  | { kind: 'finished'; tables: readonly MovedTableReport[] };

function beginningOf(found: MoveFound, hub: MovedHub, target: string): Beginning {
  const fresh: Beginning = { kind: 'new', progress: new Map() };
  if (found.kind === 'empty') return fresh;
  const other = 'name an empty database with HUB_STATE_URL';
  if (found.kind === 'used') {
    const whose = found.hubs.length === 0 ? 'another hub' : `hub ${found.hubs.join(', ')}`;
    throw notMoved(`${target} holds the state of ${whose}; ${other}`);
  }
  if (found.hub.id !== hub.id)
    throw notMoved(
      `${target} has or gets the state of hub ${found.hub.id}, and this one is ${hub.id}; ${other}`,
    );
  const same = found.hub.incarnation === hub.incarnation;
  if (found.kind === 'begun') return same ? { kind: 'resumed', progress: found.progress } : fresh;
  if (same) return { kind: 'finished', tables: found.tables };
  if (!found.used) return fresh;
  const note = `${target} has been used since this state was moved there, and so has the data folder: they are two states by now`;
  throw notMoved(`${note}; start the hub on the one that you trust, or ${other}`);
}

async function copy(
  { source, target, progress }: StateMove,
  table: string,
  from: MovedProgress | undefined,
): Promise<void> {
  const of = await source.count(table);
  let done = from?.rows ?? 0;
  let after = from?.last;
  for (;;) {
    const { rows, last } = await source.page(table, after);
    if (last === undefined) return;
    done += rows.length;
    await target.write(source.hub, table, rows, { rows: done, last });
    after = last;
    progress({ step: 'copy', table, rows: done, of });
  }
}

/** What was changed in the data folder between two runs of a move is found here, and the table copied again. */
async function verify(move: StateMove, table: string, copiesAgain = true): Promise<MovedTableReport> {
  const here = await sourceDigest(move, table);
  const there = await targetDigest(move, table);
  if (here.rows === there.rows && here.sha256 === there.sha256) return { name: table, ...here };
  if (!copiesAgain) {
    const counts = `${here.rows} rows in the data folder, ${there.rows} in ${move.target.name}`;
    throw notMoved(
      `table ${table} is not the same on both sides: ${counts}; run it again, or name an empty database`,
    );
  }
  await move.target.clear(table);
  await copy(move, table, undefined);
  return verify(move, table, false);
}

interface Digest {
  rows: number;
  sha256: string;
}

async function sourceDigest({ source, progress }: StateMove, table: string): Promise<Digest> {
  const of = await source.count(table);
  const digest = new RowsDigest();
  let after: MovedKey | undefined;
  for (;;) {
    const { rows, last } = await source.page(table, after);
    if (last === undefined) return digest.end();
    for (const row of rows) digest.add(row);
    after = last;
    progress({ step: 'verify', table, rows: digest.rows, of });
  }
}

async function targetDigest({ target }: StateMove, table: string): Promise<Digest> {
  const digest = new RowsDigest();
  await target.read(table, (row) => digest.add(row));
  return digest.end();
}

class RowsDigest {
  readonly #hash: Hash = createHash('sha256');
  rows = 0;

  add(row: MovedRow): void {
    this.rows += 1;
    this.#hash.update(`${JSON.stringify(row.map(digestible))}\n`);
  }

  end(): Digest {
    return { rows: this.rows, sha256: this.#hash.digest('hex') };
  }
}

function digestible(value: MovedValue): string | number | boolean | null | { hex: string } {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value;
}

function notMoved(note: string): HubError {
  return new HubError('state-not-moved', note);
}
