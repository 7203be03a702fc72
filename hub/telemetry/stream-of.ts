import type { DeviceType, StreamType } from '../../schemas/index.ts';
import { HubError } from '../kernel/errors.ts';

/**
 * The stream of a device, by its name.
 * @throws HubError `device-unknown` · `input-invalid` when its type has no such stream
 */
export function streamOf(
  typeOf: (deviceId: string) => DeviceType | undefined,
  device: string,
  stream: string,
): StreamType {
  const type = typeOf(device);
  if (type === undefined) throw new HubError('device-unknown', device, { details: { id: device } });
  const found = type.streams.get(stream);
  if (found !== undefined) return found;
  const streams = [...type.streams.keys()];
  throw new HubError('input-invalid', `${type.id} has no stream ${stream}; it has ${streams.join(', ')}`, {
    details: { name: 'stream', got: stream, streams },
  });
}
