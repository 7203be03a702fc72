import type { DeviceType, StreamType } from '../../schemas/index.ts';
import { HubError } from '../kernel/errors.ts';

/** The type of a device, as it is now. @throws HubError `device-unknown` · `type-unknown` */
export type TypeOf = (deviceId: string) => DeviceType;

/**
 * The stream of a device, by its name.
 * @throws HubError `device-unknown` · `type-unknown` · `input-invalid` when its type has no such stream
 */
export function streamOf(typeOf: TypeOf, device: string, stream: string): StreamType {
  const type = typeOf(device);
  const found = type.streams.get(stream);
  if (found !== undefined) return found;
  const streams = [...type.streams.keys()];
  throw new HubError('input-invalid', `${type.id} has no stream ${stream}; it has ${streams.join(', ')}`, {
    details: { name: 'stream', got: stream, streams },
  });
}
