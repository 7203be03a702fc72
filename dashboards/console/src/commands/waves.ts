import type { GroupTarget } from '../../../../schemas/api/commands/group-commands.ts';
import { tally, type Tally } from '../../../../schemas/command-tally.ts';
import { texts } from '../texts/texts.ts';

/** The waves of a group command, from its report, which lists the devices in the order of their waves. */

export interface Wave extends Omit<Tally, 'targets'> {
  /** From 1. */
  readonly number: number;
  readonly targets: readonly GroupTarget[];
}

/** @param size devices in one wave, ≥ 1 */
export function wavesOf(targets: readonly GroupTarget[], size: number): Wave[] {
  return inWaves(targets, size).map((own, at) => ({ ...tally(own), number: at + 1, targets: own }));
}

/** @param size in one wave, ≥ 1; the last has what is left */
export function inWaves<Target>(targets: readonly Target[], size: number): Target[][] {
  const waves: Target[][] = [];
  for (let from = 0; from < targets.length; from += size) waves.push(targets.slice(from, from + size));
  return waves;
}

/** Those that need a look first: what failed or is uncertain, then what is open; otherwise in the order of the wave. */
export function failuresFirst(targets: readonly GroupTarget[]): GroupTarget[] {
  return targets.toSorted((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ status }: GroupTarget): number {
  const { failed, succeeded } = tally([{ status }]);
  return failed > 0 ? 0 : succeeded > 0 ? 2 : 1;
}

/** The plan in two sentences. */
export function planWords(devices: number, size: number, maxFailures: number): string {
  const waves = Math.ceil(devices / size);
  const counted = texts.counts.devices(devices);
  const division =
    waves <= 1 ? texts.commands.inOneWave(counted) : texts.commands.inWavesOf(counted, waves, size);
  const stop =
    maxFailures === 0
      ? texts.commands.stopsAtTheFirstFailure
      : texts.commands.stopsAfterMoreThan(texts.counts.failures(maxFailures));
  return `${division} ${stop}`;
}

/** Devices that appeared or disappeared between the preview and now. */
export function differences(
  shown: readonly string[],
  actual: readonly string[],
): { added: string[]; gone: string[] } {
  const before = new Set(shown);
  const now = new Set(actual);
  return {
    added: actual.filter((device) => !before.has(device)),
    gone: shown.filter((device) => !now.has(device)),
  };
}
