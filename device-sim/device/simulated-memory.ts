import { join } from 'node:path';
import { fileMemory, RamMemory, type HubMemory } from '../../sdk/typescript/src/node.ts';

export interface MemoryPlaces {
  id: string;
  /** A folder, in which each device has one of its own. */
  memoryFolder?: string | undefined;
  /** Where the secrets are kept, whatever becomes of the rest. */
  secretFile?: string | undefined;
}

/** What a simulated device remembers: in files where it has some, otherwise as long as this object. */
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
