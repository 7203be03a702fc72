import { cutText } from '../../schemas/cut-text.ts';
import { HubError } from '../kernel/errors.ts';
import type { NamedFiles } from './named-files.ts';
import { environmentName } from './names.ts';

/** `name` as the operator wrote it, `rule` what must hold, `got` the value (secrets hidden). */
export interface NamedFault {
  name: string;
  rule: string;
  got?: unknown;
}

/** HubError `config-invalid` with a line for each fault. */
export function invalidConfig(faults: readonly NamedFault[], files?: NamedFiles): HubError {
  const lines = faults.map(
    ({ name, rule, got }) => `${name} ${rule}${got === undefined ? '' : `; it is ${shown(got)}`}`,
  );
  return new HubError('config-invalid', lines.join('\n'), { details: { faults, files } });
}

/** A value in a message: as JSON, and short. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${cutText(text, 77)}...` : text;
}

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
