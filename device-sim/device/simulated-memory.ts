import { join } from 'node:path';
import { fileMemory, RamMemory, type HubMemory } from '../../sdk/typescript/src/node.ts';

export interface MemoryPlaces {
  id: string;
  /** The parent folder; each device has a folder in it. */
  memoryFolder?: string | undefined;
  /** The file for the secrets, independent of the folder. */
  secretFile?: string | undefined;
}

/** The memory of a simulated device: in files if it has any, otherwise as long as this object lives. */
export function simulatedMemory({ id, memoryFolder, secretFile }: MemoryPlaces): HubMemory {
  const files = secretFile === undefined ? {} : { secret: secretFile };
  if (memoryFolder !== undefined) return fileMemory(join(memoryFolder, id), files);
  const ram = new RamMemory();
  if (secretFile === undefined) return ram;
  const file = fileMemory('', files);
  return {
    load: (slot) => (slot === 'secret' ? file : ram).load(slot),
    save: (slot, value) => (slot === 'secret' ? file : ram).save(slot, value),
  };
}
