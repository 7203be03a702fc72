import { HubError } from '../kernel/errors.ts';

/** Which devices somebody may be shown; not given: all of them. */
export type MayShow = (deviceId: string) => boolean;

/**
 * One request for many devices is refused as a whole when the caller may not reach one of them.
 * @throws HubError `forbidden`
 */
export function demandReach(devices: readonly string[], may: MayShow = () => true): void {
  if (devices.every((device) => may(device))) return;
  throw new HubError('forbidden', 'the selector matches devices beyond your rights');
}
