import { createHash, createPublicKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CredentialSummary } from '../../schemas/api/credentials.ts';
import { HubError, messageOf } from '../kernel/errors.ts';

/** One way a device proves who it is. */
export interface Credential extends CredentialSummary {
  /** `secret`: SHA-256 of it, hex. `key`: the public key that signs its tokens, SPKI PEM. */
  material: string;
}

/** Two at the same time, so that one can be changed while the other works. */
export const maxActiveOfKind = 2;

/** 192 random bits: nothing a person remembers, so a plain hash of it cannot be guessed back. */
const secretBytes = 24;

/** A new secret, base64url, 32 characters. It is shown once; the hub keeps its hash only. */
export function createSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** The hash that is stored: SHA-256, hex. scrypt would cost 29 ms a device on every reconnect and add nothing at 192 bits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Hexadecimal: a name that began with `-` would be an option to every command line. */
function newCredentialId(): string {
  return randomBytes(6).toString('hex');
}

/** A credential of a new secret, and the secret itself. */
export function newSecretCredential(
  createdMs: number,
  rest: Partial<Pick<Credential, 'state' | 'notBeforeMs' | 'notAfterMs'>> = {},
): { secret: string; credential: Credential } {
  const secret = createSecret();
  const credential: Credential = {
    id: newCredentialId(),
    kind: 'secret',
    material: hashSecret(secret),
    state: 'active',
    createdMs,
    ...rest,
  };
  return { secret, credential };
}

/**
 * A credential of a public key: ECDSA P-256 (ES256) or Ed25519 (EdDSA).
 * @throws HubError `input-invalid` for any other key, and for text that is not a key
 */
export function newKeyCredential(
  publicKeyPem: string,
  createdMs: number,
  rest: Partial<Pick<Credential, 'notBeforeMs' | 'notAfterMs'>> = {},
): Credential {
  const rule = 'a PEM public key of ECDSA P-256 or Ed25519 (-----BEGIN PUBLIC KEY-----)';
  const fault = (note: string, cause?: unknown): HubError =>
    new HubError('input-invalid', `publicKey must be ${rule}${note}`, {
      cause,
      details: { name: 'publicKey' },
    });
  // A private key would be accepted too, for the public key in it. It must not leave the device.
  if (publicKeyPem.includes('PRIVATE')) throw fault('; this is a private key, which stays on the device');
  let key;
  try {
    key = createPublicKey(publicKeyPem);
  } catch (error) {
    throw fault(` (${messageOf(error)})`, error);
  }
  const p256 = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (!p256 && key.asymmetricKeyType !== 'ed25519') throw fault('');
  return {
    id: newCredentialId(),
    kind: 'key',
    material: key.export({ type: 'spki', format: 'pem' }).toString(),
    state: 'active',
    createdMs,
    ...rest,
  };
}

/** Whether the credential may be used at this time. */
export function isValidAt({ notBeforeMs, notAfterMs }: Credential, nowMs: number): boolean {
  return (notBeforeMs ?? 0) <= nowMs && nowMs < (notAfterMs ?? Infinity);
}

/** Used for the comparison when there is no credential, so that every refusal costs the same. */
const nobody = createHash('sha256').update(randomBytes(secretBytes)).digest();
/** The number of comparisons, whatever the device has: two active secrets and a next one. */
const comparisons = maxActiveOfKind + 1;

/**
 * The credential this secret belongs to. Constant time in the secret, and the same work whether the device is
 * unknown (no credentials), has one secret, or more.
 */
export function matchSecret(
  secret: string,
  credentials: readonly Credential[],
  nowMs: number,
): Credential | undefined {
  const given = createHash('sha256').update(secret).digest();
  const secrets = credentials.filter(({ kind }) => kind === 'secret');
  let found: Credential | undefined;
  for (let at = 0; at < Math.max(comparisons, secrets.length); at += 1) {
    const candidate = secrets[at];
    const stored = candidate === undefined ? nobody : Buffer.from(candidate.material, 'hex');
    const equal = stored.length === given.length && timingSafeEqual(given, stored);
    if (equal && candidate !== undefined && isValidAt(candidate, nowMs)) found = candidate;
  }
  return found;
}

/**
 * The id and secret of an `Authorization: Basic` header (RFC 7617 §2).
 * @returns undefined when the header is absent or not of that form.
 */
export function parseBasic(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1). */
export function parseBearer(header: string | undefined): string | undefined {
  return /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(header ?? '')?.[1];
}
