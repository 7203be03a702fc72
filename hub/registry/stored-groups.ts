import type { Group } from '../../schemas/api/commands/group-commands.ts';
import { HubError } from '../kernel/errors.ts';

/** The selectors that are stored under a name. May reject with `database-failed`. */
export type StoredGroups = () => Promise<readonly Group[]>;

/** Undefined: there is no group of this name. */
export async function storedSelector(stored: StoredGroups, group: string): Promise<string | undefined> {
  return (await stored()).find(({ name }) => name === group)?.selector;
}

/** The selector of a request that names one, or a stored one. @throws HubError `group-unknown` · `database-failed` */
export async function selectorOf(
  stored: StoredGroups,
  { to = '', group }: { to?: string | undefined; group?: string | undefined },
): Promise<string> {
  if (group === undefined) return to;
  const selector = await storedSelector(stored, group);
  if (selector === undefined) throw new HubError('group-unknown', group);
  return selector;
}
