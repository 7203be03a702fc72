import { HubError } from '../kernel/errors.ts';

/** The device has its session at another hub. */
function deviceElsewhere(device: string): HubError {
  return new HubError('other-hub', `${device} is connected to it, and its twin is changed there`, {
    details: { device },
  });
}

/** The type of a device whose twin may be changed here. */
export function typeWhereHere<Type>(
  requireType: (device: string) => Type,
  isElsewhere: (device: string) => boolean,
): (device: string) => Type {
  return (device) => {
    if (isElsewhere(device)) throw deviceElsewhere(device);
    return requireType(device);
  };
}
