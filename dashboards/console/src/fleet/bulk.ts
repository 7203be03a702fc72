import { ask, messageOf } from '../api.ts';
import { texts } from '../texts/texts.ts';

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
    word: texts.fleet.setLabels,
    effect: texts.fleet.selectorsAndFiltersUseLabels,
    needsLabels: true,
    act: (id, set) => ask('PATCH /api/v1/devices/{id}/labels', { params: { id }, body: { set, remove: [] } }),
  },
  {
    word: texts.fleet.rotateSecrets,
    effect: texts.fleet.eachGetsANewSecret,
    act: (id) => ask('POST /api/v1/rotations', { body: { ids: [id] } }),
  },
  {
    word: texts.fleet.disable,
    effect: texts.fleet.theirSessionsEndAndThey,
    act: (id) => ask('POST /api/v1/devices/{id}/disable', { params: { id } }),
  },
  {
    word: texts.fleet.enable,
    effect: texts.fleet.theyMayConnectAgain,
    act: (id) => ask('POST /api/v1/devices/{id}/enable', { params: { id } }),
  },
  {
    word: texts.common.remove,
    effect: texts.fleet.theirSessionsAndOpenCommands,
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
