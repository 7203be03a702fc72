/** The files that the configuration names, judged as a start would judge them, and nothing started or made. */

import { deviceTypeFaults } from '../../schemas/index.ts';
import { firmwareKeyFault } from '../adapters/firmware-key.ts';
import { tlsFileFaults } from '../adapters/tls/tls.ts';
import { environmentName } from '../config/names.ts';
import type { NamedFault, NamedFiles } from '../config/config.ts';

/** Every fault of the device types, certificates and keys, a fault each for which the hub would not start. */
export async function fileFaults(files: NamedFiles, nowMs: number): Promise<NamedFault[]> {
  const { schemasDir, firmwareKey, ...tls } = files;
  const keyFault = firmwareKey === undefined ? undefined : firmwareKeyFault(firmwareKey);
  const types = schemasDir === undefined ? [] : await deviceTypeFaults(schemasDir);
  return [
    ...types.map(({ message }) => ({
      name: environmentName('schemasDir'),
      rule: `must hold valid device types: ${message}`,
    })),
    ...(keyFault === undefined
      ? []
      : [
          {
            name: environmentName('firmwareKey'),
            rule: `must be an Ed25519 public key in PEM: ${firmwareKey}: ${keyFault}`,
          },
        ]),
    ...(await tlsFileFaults(tls, nowMs)).map(({ name, fault, file }) => ({
      name: environmentName(name),
      rule: `must be a file the hub can use: ${file}: ${fault}`,
    })),
  ];
}
