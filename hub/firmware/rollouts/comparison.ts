import type { RolloutLook } from '../../../schemas/api/firmware/rollouts.ts';
import type { TroubleKind } from '../../../schemas/firmware/update-states.ts';
import { worseByChance } from './exact-test.ts';
import type { Update } from './update.ts';
import { watchedBetween, type Gap } from './watched-time.ts';

/** The level of a whole rollout: how often a good firmware may be stopped. */
const level = 0.01;
/** Fewer troubled devices than this stop nothing, however rare trouble is. */
const fewestTroubled = 3;
/** Named in a report. */
const namedDevices = 50;

/** A device of the rollout as the comparison sees it. */
export interface Compared {
  readonly device: string;
  /** Its wave, from 1; 0: skipped. */
  readonly wave: number;
  readonly update: Update;
}

/**
 * Compares the devices of a wave, each within its soak time, with those that are not updated yet, within the same times.
 * Earlier looks count as well: each compared what happened at the same time, so that what befell everybody stops nothing.
 * The level is divided by the number of looks (Bonferroni).
 * @param before the earlier looks @param looks how many there will be in all @param gaps when no hub watched
 */
export function lookAt(
  targets: readonly Compared[],
  {
    wave,
    atMs,
    looks,
    ...soak
  }: { wave: number; atMs: number; soakMs: number; looks: number; gaps: readonly Gap[] },
  before: readonly RolloutLook[],
): RolloutLook {
  const updated = targets.filter((target) => target.wave === wave && target.update.soakedMs !== undefined);
  const troubled = updated
    .map(({ device, update }) => ({ device, kinds: kindsWithin(update, update.soakedMs ?? 0, soak) }))
    .filter(({ kinds }) => kinds.length > 0);
  const windows = updated.map(({ update }) => update.soakedMs ?? 0);
  const control = windows.length === 0 ? [] : targets.filter(({ update }) => update.state === 'pending');
  let present = 0;
  let controlTroubled = 0;
  for (const [index, { update }] of control.entries()) {
    const fromMs = windows[index % windows.length] ?? 0;
    // One that is not there cannot show trouble, and would make the updated ones look worse.
    if (!wasThere(update, fromMs)) continue;
    present += 1;
    if (kindsWithin(update, fromMs, soak).length > 0) controlTroubled += 1;
  }
  const table = {
    updated: updated.length,
    updatedTroubled: troubled.length,
    control: present,
    controlTroubled,
  };
  const tables = [...before, table];
  const p = worseByChance(tables);
  const levelOfLook = level / looks;
  const troubledSoFar = tables.reduce((sum, { updatedTroubled }) => sum + updatedTroubled, 0);
  const stops = p < levelOfLook && troubledSoFar >= fewestTroubled;
  return { ...table, wave, atMs, p, level: levelOfLook, stops, devices: troubled.slice(0, namedDevices) };
}

function wasThere({ here, leftMs, asleep }: Update, fromMs: number): boolean {
  return here || asleep === true || (leftMs !== undefined && leftMs >= fromMs);
}

function kindsWithin(
  { troubles, state }: Update,
  fromMs: number,
  { soakMs, gaps }: { soakMs: number; gaps: readonly Gap[] },
): TroubleKind[] {
  const within = troubles.filter(
    ({ atMs }) => atMs >= fromMs && watchedBetween(fromMs, atMs, gaps) <= soakMs,
  );
  const kinds = new Set(within.map(({ kind }) => kind));
  // To go back to the old version takes a reboot.
  if (state === 'rolled-back') kinds.add('rebooted');
  return [...kinds];
}
