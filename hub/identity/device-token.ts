import { createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { namePattern } from '../../schemas/index.ts';
import { readJson } from '../../schemas/json-text.ts';
import { isValidAt, maxActiveOfKind, type Credential } from '../registry/credentials.ts';

/**
 * A device's token is a JWT (RFC 7519) signed with its own key: header `{"alg":"ES256"|"EdDSA"}`, claims `sub`
 * (device id), `aud` (`device-hub`), `exp`, and perhaps `nbf`, `iat`; times in seconds.
 */
export interface VerifiedToken {
  deviceId: string;
  credentialId: string;
  /** Unix ms. */
  expiresMs: number;
}

const audience = 'device-hub';
const maxTokenBytes = 4_096;
/** Clocks of devices are never quite right. */
const leewayMs = 60_000;
/** A token is for a connection, not for life: the key is what lives long. */
const maxLifeMs = 24 * 3_600_000;

/** A token of the right form, for now, of the right audience; whether the device it names has signed it is not known. */
export interface UnprovenToken {
  deviceId: string;
  /** Unix ms. */
  expiresMs: number;
  alg: 'ES256' | 'EdDSA';
  signed: Buffer;
  signature: Buffer;
}

interface Claims {
  sub: string;
  expMs: number;
}

/** Signatures are judged with these where a device has fewer keys, or is none, so that each costs the same. */
const nobody = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey,
  EdDSA: generateKeyPairSync('ed25519').publicKey,
};
/** Parsed keys by their PEM; as many as credentials in use, replaced as a whole when full. */
const parsedKeys = new Map<string, KeyObject>();
const maxParsedKeys = 10_000;

/** Judges form, times and audience of a token. @returns undefined when one of them is wrong */
export function readDeviceToken(token: string, nowMs: number): UnprovenToken | undefined {
  if (token.length > maxTokenBytes) return undefined;
  const parts = token.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined)
    return undefined;
  const claims = readClaims(payload, nowMs);
  const { alg, crit } = objectOf(header) ?? {};
  if (claims === undefined || (alg !== 'ES256' && alg !== 'EdDSA')) return undefined;
  // What it demands to be understood is not understood here (RFC 7515 §4.1.11).
  if (crit !== undefined) return undefined;
  return {
    deviceId: claims.sub,
    expiresMs: claims.expMs,
    alg,
    signed: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  };
}

/**
 * Judges the signature against the keys of the device that the token names. The algorithm comes from the key, never from
 * the token (RFC 8725 §3.1).
 * @param credentials of that device; none when there is no such device
 */
export function verifyDeviceToken(
  { deviceId, expiresMs, alg, signed, signature }: UnprovenToken,
  credentials: readonly Credential[],
  nowMs: number,
): VerifiedToken | undefined {
  const keys = credentials
    .filter((credential) => credential.kind === 'key' && isValidAt(credential, nowMs))
    .map(({ id, material }) => ({ id, key: keyOf(material) }))
    .filter(({ key }) => algorithmOf(key) === alg);
  for (let at = 0; at < Math.max(maxActiveOfKind, keys.length); at += 1) {
    const { id, key } = keys[at] ?? { id: undefined, key: nobody[alg] };
    if (holds(key, alg, signed, signature) && id !== undefined)
      return { deviceId, credentialId: id, expiresMs };
  }
  return undefined;
}

function keyOf(pem: string): KeyObject {
  const known = parsedKeys.get(pem);
  if (known !== undefined) return known;
  if (parsedKeys.size >= maxParsedKeys) parsedKeys.clear();
  const key = createPublicKey(pem);
  parsedKeys.set(pem, key);
  return key;
}

function algorithmOf(key: KeyObject): 'ES256' | 'EdDSA' {
  return key.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'ES256';
}

function holds(key: KeyObject, alg: 'ES256' | 'EdDSA', signed: Buffer, signature: Buffer): boolean {
  if (signature.length !== 64) return false;
  // A JWS signature of ECDSA is r and s side by side (RFC 7518 §3.4), not DER.
  return alg === 'EdDSA'
    ? verify(null, signed, key, signature)
    : verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function readClaims(payload: string, nowMs: number): Claims | undefined {
  const claims = objectOf(payload);
  const { sub, aud, exp, nbf, iat } = claims ?? {};
  if (typeof sub !== 'string' || !namePattern.test(sub)) return undefined;
  if (aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) return undefined;
  if (typeof exp !== 'number' || !(exp * 1000 > nowMs) || exp * 1000 > nowMs + maxLifeMs + leewayMs) {
    return undefined;
  }
  for (const begin of [nbf, iat]) {
    if (begin !== undefined && !(typeof begin === 'number' && begin * 1000 <= nowMs + leewayMs)) {
      return undefined;
    }
  }
  return { sub, expMs: exp * 1000 };
}

/** A duplicate name could mean one thing here and another to whoever signed the token (RFC 8725 §2.4). */
function objectOf(part: string): Record<string, unknown> | undefined {
  const json = readJson(Buffer.from(part, 'base64url').toString('utf8'));
  return json.kind === 'read' && json.faults === undefined && isObject(json.value) ? json.value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
