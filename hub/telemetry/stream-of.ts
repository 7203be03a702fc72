import type { DeviceType, StreamType } from '../../schemas/index.ts';
import { deviceUnknown, HubError } from '../kernel/errors.ts';

/** The device types by device, as they are now. */
export type TypeOf = (deviceId: string) => DeviceType | undefined;

/** @throws HubError `device-unknown` */
export function requireType(typeOf: TypeOf, device: string): DeviceType {
  const type = typeOf(device);
  if (type === undefined) throw deviceUnknown(device);
  return type;
}

/**
 * The stream of a device, by its name.
 * @throws HubError `device-unknown` · `input-invalid` when its type has no such stream
 */
export function streamOf(typeOf: TypeOf, device: string, stream: string): StreamType {
  const type = requireType(typeOf, device);
  const found = type.streams.get(stream);
  if (found !== undefined) return found;
  const streams = [...type.streams.keys()];
  throw new HubError('input-invalid', `${type.id} has no stream ${stream}; it has ${streams.join(', ')}`, {
    details: { name: 'stream', got: stream, streams },
  });
}
