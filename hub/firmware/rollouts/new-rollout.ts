import type { NewRollout } from '../../../schemas/api/firmware/rollouts.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import { renderValue } from '../../../schemas/field-error.ts';
import { invalidInput } from '../../kernel/errors.ts';
import { isTimeZone } from '../../schedules/time-zone.ts';
import type { FrozenTargets } from './frozen-targets.ts';
import { wavesOf, type Rollout, type RolloutRecord } from './rollout.ts';

/** Who asks, and which devices that one may update (all when not given). */
export interface RolloutCaller {
  readonly requester: Requester;
  readonly may?: ((device: string) => boolean) | undefined;
}

/** One device, then few, then many: the third wave is enough to see what befalls one device in ten. */
const defaultWaves: readonly string[] = ['1%', '5%', '15%', '50%', '100%'];
const defaultDeadlineSec = 86_400;
const defaultSoakSec = 300;

/** @throws HubError `input-invalid` */
export function rolloutOf(
  request: NewRollout,
  { toUpdate, skipped }: FrozenTargets,
  known: Pick<Rollout, 'id' | 'to' | 'sha256' | 'seed' | 'acceptedMs' | 'requester'>,
): RolloutRecord {
  const { type, version, group, window, maxFailures = 0, deadlineSec, soakSec } = request;
  if (toUpdate.length + skipped.length === 0)
    throw invalidInput({ path: '/to', keyword: 'selector', expected: 'at least one device', got: 'none' });
  if (window !== undefined) {
    if (!isTimeZone(window.zone))
      throw invalidInput({
        path: '/window/zone',
        keyword: 'zone',
        expected: 'an IANA time zone such as Europe/Berlin',
        got: renderValue(window.zone),
      });
    if (window.from === window.to)
      throw invalidInput({
        path: '/window/to',
        keyword: 'window',
        expected: 'another time than from',
        got: window.to,
      });
  }
  const given = request.waves ?? defaultWaves;
  const waves = wavesOf(given, toUpdate.length);
  if (waves === undefined)
    throw invalidInput({
      path: '/waves',
      keyword: 'waves',
      expected: 'counts and shares of all devices that rise, such as 1, 5%, 25%, 100%',
      got: renderValue([...given]),
    });
  let wave = 1;
  const targets = toUpdate.map((target, index) => {
    if (index >= (waves[wave - 1] ?? 0)) wave += 1;
    return { ...target, wave };
  });
  const rollout: Rollout = {
    ...known,
    group,
    type,
    version,
    waves,
    maxFailures,
    deadlineSec: deadlineSec ?? defaultDeadlineSec,
    soakSec: soakSec ?? defaultSoakSec,
    window,
    status: 'running',
    wave: 0,
    looks: [],
  };
  return { rollout, targets: [...targets, ...skipped] };
}
