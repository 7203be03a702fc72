import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders that devices of this process use. */
const held = new Set<string>();

/**
 * Takes a folder for one device, as long as this process lives: two would write into the same files. Other processes are seen where
 * the system says when each one began, as Linux does; a process that was killed holds nothing.
 * @returns gives it back
 * @throws Error when another device uses it, or of node:fs when it cannot be made
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const path = realpathSync(folder);
  const file = join(path, 'lock');
  if (held.has(path) || isHeldElsewhere(file))
    throw new Error(`${folder} is in use by another device: give each device a state of its own`);
  held.add(path);
  const own = nameOf(process.pid);
  try {
    if (own !== undefined) writeFileSync(file, own, { mode: 0o600 });
  } catch {
    // A full disk: the device goes on without it.
    rmSync(file, { force: true });
  }
  return () => {
    if (held.delete(path)) rmSync(file, { force: true });
  };
}

function isHeldElsewhere(file: string): boolean {
  let holder: string;
  try {
    holder = readFileSync(file, 'utf8');
  } catch {
    return false;
  }
  return holder !== '' && nameOf(Number(holder.split(' ')[0])) === holder;
}

/** A process, its start and the boot of the system: its number alone is given to another one later. Undefined where it is not told. */
function nameOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22 of proc(5); the second may have blanks.
    const [, , , , , , , , , , , , , , , , , , , , started] = stat.slice(stat.lastIndexOf(')')).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return started === undefined ? undefined : `${pid} ${started} ${boot}`;
  } catch {
    return undefined;
  }
}
