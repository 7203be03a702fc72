import type { AlarmView } from '../../schemas/api/alarms.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { AlarmRow } from './alarm-store.ts';

/** An alarm that is kept, and whether it is silenced. */
export interface KeptAlarm {
  readonly row: AlarmRow;
  readonly silenced: boolean;
}

/** As the device of the hub's own alarms. */
export const ofHub = '';

export function viewOf({ row, silenced }: KeptAlarm): AlarmView {
  const {
    device,
    lasting: _lasting,
    flaps: _flaps,
    goneMs: _goneMs,
    value,
    clearedMs,
    acknowledged,
    ...rest
  } = row;
  return {
    ...rest,
    device: device === ofHub ? null : device,
    ...(value === undefined ? {} : { value }),
    ...(clearedMs === undefined ? {} : { clearedMs }),
    ...(acknowledged === undefined ? {} : { acknowledged }),
    silenced,
  };
}

/** Alarms of the hub itself are shown to those who may see every device. */
export function isVisible(device: string, mayShow: MayShow | undefined): boolean {
  return mayShow === undefined || (device !== ofHub && mayShow(device));
}
