import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../kernel/errors.ts';

/** The public key of who owns the firmware. @param file an Ed25519 key in PEM @throws Error that says what is wrong */
export function readFirmwareKey(file: string): KeyObject {
  const key = createPublicKey(readFileSync(file));
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`it is a key for ${String(key.asymmetricKeyType)}, not for Ed25519`);
  return key;
}

/** Why the file cannot be used; undefined: it can. */
export function firmwareKeyFault(file: string): string | undefined {
  try {
    readFirmwareKey(file);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
