import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { sendFile } from '../../../hub/cli/admin-client.ts';
import type { FirmwareView } from '../../../schemas/api/firmware/firmware.ts';
import { requestPath } from '../../../schemas/api/requests/request-path.ts';

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Adds a firmware to a running hub as the command line does. `given` replaces what is said of it. */
export async function addFirmware(
  { dataDir }: { dataDir: string },
  bytes: Uint8Array,
  given: { type?: string; version?: string; sha256?: string; signature?: string; size?: number } = {},
): Promise<FirmwareView> {
  const { type = 'env-sensor', version = '2.0.0', sha256 = sha256Of(bytes), signature, size } = given;
  const query = { sha256, signature };
  return (await sendFile(join(dataDir, 'hub.sock'), {
    path: requestPath('/api/v1/firmware/{type}/{version}', { params: { type, version }, query }),
    media: 'application/octet-stream',
    size: size ?? bytes.length,
    bytes: Readable.from([bytes]),
  })) as FirmwareView;
}
