import type { NamedFault, NamedFiles } from './config.ts';
import { environmentName } from './names.ts';

/** What is wrong with the files that the configuration names. */
export interface FoundFileFaults {
  readonly deviceTypes: readonly { readonly message: string }[];
  readonly firmwareKey: string | undefined;
  readonly tls: readonly {
    readonly name: keyof NamedFiles;
    readonly file: string;
    readonly fault: string;
  }[];
}

/** The same as faults of the configuration: a hub would not start for any of them. */
export function namedFileFaults(
  files: Pick<NamedFiles, 'firmwareKey'>,
  { deviceTypes, firmwareKey, tls }: FoundFileFaults,
): NamedFault[] {
  return [
    ...deviceTypes.map(({ message }) => fault('schemasDir', `must hold valid device types: ${message}`)),
    ...(firmwareKey === undefined
      ? []
      : [fault('firmwareKey', `must be an Ed25519 public key in PEM: ${files.firmwareKey}: ${firmwareKey}`)]),
    ...tls.map(({ name, file, fault: found }) =>
      fault(name, `must be a file the hub can use: ${file}: ${found}`),
    ),
  ];
}

function fault(name: keyof NamedFiles, rule: string): NamedFault {
  return { name: environmentName(name), rule };
}
