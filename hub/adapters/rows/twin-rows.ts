import type { Origin } from '../../../schemas/api/requester.ts';
import type { TwinChange } from '../../../schemas/api/twins/twins.ts';
import type { TwinError } from '../../../schemas/index.ts';
import type { JsonObject } from '../../../schemas/twin/merge-patch.ts';
import type { Twin } from '../../twins/twin.ts';
import { jsonOf, numberOf, type Row } from './row.ts';

/** The columns that `twinOf` reads, besides the device. */
export const twinColumns =
  'device_id, rev, changed_ms, desired, reported, reported_ms, dealt_rev, errors, verdict_ms';

export function twinOf(row: Row): Twin {
  return {
    rev: Number(row['rev']),
    changedMs: Number(row['changed_ms']),
    desired: jsonOf(row['desired']) as JsonObject,
    reported: jsonOf(row['reported']) as JsonObject,
    reportedMs: numberOf(row['reported_ms']),
    dealtRev: Number(row['dealt_rev']),
    errors: jsonOf(row['errors']) as TwinError[],
    verdictMs: Number(row['verdict_ms']),
  };
}

export function twinAndDeviceOf(row: Row): { device: string; twin: Twin } {
  return { device: String(row['device_id']), twin: twinOf(row) };
}

/** The columns that `twinChangeOf` reads. */
export const twinChangeColumns = 'rev, time_ms, actor, origin, patch, dropped';

export function twinChangeOf(row: Row): TwinChange {
  const dropped = row['dropped'];
  return {
    rev: Number(row['rev']),
    timeMs: Number(row['time_ms']),
    actor: String(row['actor']),
    origin: String(row['origin']) as Origin,
    patch: jsonOf(row['patch']) as JsonObject,
    ...(typeof dropped === 'string' ? { dropped: jsonOf(dropped) as string[] } : {}),
  };
}
