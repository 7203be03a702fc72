import { loadSlot, saveSlot, type Complain, type HubMemory } from './ports.ts';

/**
 * What a device keeps is its own: under another id its readings would be stored as those of another device. The first device that
 * uses a memory is the one that it is for.
 * @throws Error when it is for another id
 */
export function ownState(memory: HubMemory | undefined, id: string, complain: Complain): void {
  const owner = loadSlot(memory, 'owner', isText);
  if (owner === id) return;
  if (owner !== undefined && owner !== 'damaged')
    throw new Error(
      `this state is that of the device ${owner}, not of ${id}: give each device a state of its own, or delete it if ${owner} is no more`,
    );
  void saveSlot(memory, 'owner', id, complain);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
