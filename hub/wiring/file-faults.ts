/** The files that the configuration names, judged as a start would judge them, and nothing started or made. */

import { deviceTypeFaults } from '../../schemas/index.ts';
import { firmwareKeyFault } from '../adapters/firmware-key.ts';
import { tlsFileFaults } from '../adapters/tls/tls.ts';
import { namedFileFaults, type NamedFault } from '../config/config-fault.ts';
import type { NamedFiles } from '../config/named-files.ts';

/** Every fault of the device types, certificates and keys, a fault each for which the hub would not start. */
export async function fileFaults(files: NamedFiles, nowMs: number): Promise<NamedFault[]> {
  const { schemasDir, firmwareKey } = files;
  return namedFileFaults(files, {
    deviceTypes: schemasDir === undefined ? [] : await deviceTypeFaults(schemasDir),
    firmwareKey: firmwareKey === undefined ? undefined : firmwareKeyFault(firmwareKey),
    tls: await tlsFileFaults(files, nowMs),
  });
}
