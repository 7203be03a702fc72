import { ask, messageOf } from '../api.ts';

/** Something that is done with several devices. */
export interface BulkDeed {
  readonly word: string;
  /** What will happen. */
  readonly effect: string;
  readonly needsLabels?: true;
  /** It cannot be undone, so that their number is typed first. */
  readonly isGrave?: true;
  readonly act: (id: string, labels: Readonly<Record<string, string>>) => Promise<unknown>;
}

export const bulkDeeds: readonly BulkDeed[] = [
  {
    word: 'Set labels',
    effect: 'Selectors and filters use labels.',
    needsLabels: true,
    act: (id, set) => ask('PATCH /api/v1/devices/{id}/labels', { params: { id }, body: { set, remove: [] } }),
  },
  {
    word: 'Rotate secrets',
    effect: 'Each gets a new secret when it is connected; the old one is valid until the new one is used.',
    act: (id) => ask('POST /api/v1/rotations', { body: { ids: [id] } }),
  },
  {
    word: 'Disable',
    effect: 'Their sessions end, and they are refused until they are enabled.',
    act: (id) => ask('POST /api/v1/devices/{id}/disable', { params: { id } }),
  },
  {
    word: 'Enable',
    effect: 'They may connect again.',
    act: (id) => ask('POST /api/v1/devices/{id}/enable', { params: { id } }),
  },
  {
    word: 'Remove',
    effect:
      'Their sessions and open commands end; credentials, labels and settings are deleted. Stored readings and the audit stay.',
    isGrave: true,
    act: (id) => ask('DELETE /api/v1/devices/{id}', { params: { id } }),
  },
];

/** Requests under way together: the hub has other work, too. */
const together = 4;

/** Does it for every device. @returns those for which it failed */
export async function forEach(
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
  progress: (done: number) => void,
): Promise<{ id: string; message: string }[]> {
  const failed: { id: string; message: string }[] = [];
  const waiting = [...ids];
  let done = 0;
  async function work(): Promise<void> {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        await act(id);
      } catch (error) {
        failed.push({ id, message: messageOf(error) });
      }
      progress((done += 1));
    }
  }
  await Promise.all(Array.from({ length: together }, work));
  return failed;
}
