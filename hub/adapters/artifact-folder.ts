/** The bytes of artifacts in a folder, each in a file that is named by its SHA-256. */

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactFiles, ReceivedFile } from '../firmware/artifacts/artifact-store.ts';
import { HubError } from '../kernel/errors.ts';
import { mebibyte } from '../kernel/mebibyte.ts';
import { diskSpace } from './disk-space.ts';

const chunkBytes = 65_536;
const unfinished = '.part';

/**
 * @param reserveMib of the disk that stay free
 * @throws when the folder cannot be made
 */
export async function openArtifactFolder(folder: string, reserveMib: number): Promise<ArtifactFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (sha256: string): string => join(folder, sha256);
  return {
    async tidy(wanted) {
      for (const name of await readdir(folder))
        if (!wanted.has(name)) await rm(join(folder, name), { force: true, recursive: true });
    },

    async receive(bytes, maxBytes) {
      const path = join(folder, `${randomUUID()}${unfinished}`);
      try {
        const { sha256, size } = await write(path, bytes, maxBytes);
        return received(path, pathOf(sha256), folder, { sha256, size });
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },

    async freeBytes() {
      return (await diskSpace(folder)).free - reserveMib * mebibyte;
    },

    async digest(sha256) {
      const hash = createHash('sha256');
      try {
        for await (const chunk of createReadStream(pathOf(sha256), { highWaterMark: chunkBytes }))
          hash.update(chunk as Buffer);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      return hash.digest('hex');
    },

    read: (sha256, first, last) =>
      createReadStream(pathOf(sha256), { start: first, end: last, highWaterMark: chunkBytes }),

    remove: (sha256) => rm(pathOf(sha256), { force: true }),
  };
}

async function write(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > maxBytes)
        throw new HubError(
          'firmware-too-large',
          `${maxBytes} bytes are free for firmware (HUB_FIRMWARE_MAX_MIB, disk)`,
        );
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), size };
}

function received(
  path: string,
  keptPath: string,
  folder: string,
  what: { sha256: string; size: number },
): ReceivedFile {
  return {
    ...what,
    async keep() {
      await rename(path, keptPath);
      // Without this a power cut may take the name away again.
      const directory = await open(folder);
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },
    discard: () => rm(path, { force: true }),
  };
}
