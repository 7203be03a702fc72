import { statfs } from 'node:fs/promises';
import type { DiskSpace } from '../telemetry/disk-reserve.ts';

/** What a user without privileges may use of the file system that holds the folder. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, size: blocks * bsize };
}
