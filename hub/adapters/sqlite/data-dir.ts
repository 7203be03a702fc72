import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { wait, type Clock } from '../../../schemas/time/clock.ts';

/** The file name of a state that was moved to PostgreSQL. No hub starts on it. */
export const movedState = 'state-moved.db';
/** A hub makes these after its `state.db`: a folder with one of them has been used. */
const madeLater = ['spool.db', 'metrics.db', 'tls'];

/**
 * Locks the data folder for this process, because two hubs on one folder would hand out the same epochs. Creates the folder
 * when it is missing, for its owner only. The lock is an exclusive transaction on an empty SQLite file, so the kernel
 * releases it however the process ends.
 * @throws HubError `data-dir-in-use` · `data-dir-invalid`
 */
export function lockDataDir(dir: string, stateIs: 'here' | 'elsewhere' = 'here'): { release(): void } {
  let lock: DatabaseSync | undefined;
  try {
    makeFolder(dir);
    lock = new DatabaseSync(join(dir, 'hub.lock'), { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    demandState(dir, stateIs);
  } catch (cause) {
    lock?.close();
    if (cause instanceof HubError) throw cause;
    if (isBusy(cause)) throw new HubError('data-dir-in-use', dir, { cause, details: { dir } });
    throw invalid(dir, messageOf(cause), cause);
  }
  const held = lock;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}

/**
 * As `lockDataDir`, for a command on an existing hub: a mistyped folder must not become a new, empty hub.
 * @throws HubError as `lockDataDir`
 */
export function lockUsedDataDir(dir: string): { release(): void } {
  // A hub that is being started for the first time has its lock before its state.
  const lock = existsSync(join(dir, 'hub.lock')) ? lockDataDir(dir) : undefined;
  try {
    demandUsed(dir);
  } catch (error) {
    lock?.release();
    throw error;
  }
  return lock ?? lockDataDir(dir);
}

/** @throws HubError `data-dir-invalid` when no hub has used the folder */
export function demandUsed(dir: string): void {
  if (hasState(dir)) return;
  const wayOut = 'give the folder of your hub with HUB_DATA_DIR or --data-dir, or start the hub here first';
  throw invalid(dir, `no hub has used this folder; ${wayOut}`);
}

/**
 * Creates the folder when it is missing, for its owner only. A folder counts as empty even with what `mkfs` puts into a new
 * volume.
 * @throws HubError `data-dir-invalid` when it is not a folder, or cannot be made
 */
export function emptyFolder(dir: string): 'made' | 'empty' | 'used' {
  try {
    if (!existsSync(dir)) {
      makeFolder(dir);
      return 'made';
    }
    return readdirSync(dir).every((name) => name === 'lost+found') ? 'empty' : 'used';
  } catch (cause) {
    throw invalid(dir, messageOf(cause), cause);
  }
}

/** Makes a file, or the names in a folder, survive a power cut. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const lockRetryMs = 50;

/**
 * As `lockDataDir`, for a hub that starts. It waits for a command line that works on the files.
 * @param stateIs where the hub keeps its state
 * @param withinMs how long it waits; another hub would keep the lock for longer
 */
export async function awaitDataDir(
  dir: string,
  clock: Clock,
  stateIs: 'here' | 'elsewhere' = 'here',
  withinMs = 2_000,
): Promise<{ release(): void }> {
  const until = clock.monotonic() + withinMs;
  for (;;) {
    try {
      return lockDataDir(dir, stateIs);
    } catch (error) {
      const busy = error instanceof HubError && error.code === 'data-dir-in-use';
      if (!busy || clock.monotonic() >= until) throw error;
    }
    await wait(clock, lockRetryMs);
  }
}

const ownState =
  'its state.db has devices of a hub that are not in PostgreSQL (HUB_STATE_URL); move them there with device-hub state migrate, start without HUB_STATE_URL, or give an empty folder';

/** Without `state.db` a used folder would start as a hub without devices, with an open first login. */
function demandState(dir: string, stateIs: 'here' | 'elsewhere'): void {
  if (stateIs === 'elsewhere') {
    if (hasState(dir)) throw invalid(dir, ownState);
    return;
  }
  if (existsSync(join(dir, movedState)) && !hasState(dir))
    throw invalid(
      dir,
      `its state was moved to PostgreSQL: give HUB_STATE_URL, or an empty folder for a new hub`,
    );
  const found = madeLater.find((name) => existsSync(join(dir, name)));
  if (found === undefined || hasState(dir)) return;
  const wayOut = 'restore state.db from a backup, or give an empty folder for a new hub';
  throw invalid(
    dir,
    `a hub has used this folder (${found} is there), but its state.db is missing or empty; ${wayOut}`,
  );
}

function hasState(dir: string): boolean {
  return (statSync(join(dir, 'state.db'), { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** Makes one folder after the other: Node's own `recursive` never returns below /proc (nodejs/node#31481). */
function makeFolder(dir: string): void {
  const there = statSync(dir, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) return;
  if (there !== undefined) throw invalid(dir, 'it is not a folder');
  makeFolder(dirname(dir));
  mkdirSync(dir, { mode: 0o700 });
}

function invalid(dir: string, reason: string, cause?: unknown): HubError {
  return new HubError('data-dir-invalid', `${dir}: ${reason}`, { cause, details: { dir } });
}

/** SQLITE_BUSY (5) and its extended forms <https://sqlite.org/rescode.html#busy>. */
function isBusy(error: unknown): boolean {
  const busy = 5;
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === busy
  );
}
