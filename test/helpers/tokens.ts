import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A device's key pair, as the hub takes it. */
export function newKey(kind: 'ES256' | 'EdDSA'): { privateKey: KeyObject; publicPem: string } {
  const { publicKey, privateKey } =
    kind === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('ed25519');
  return { privateKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** A signed token (RFC 7519). @param claims as an object, or as JSON text @param header further members of it */
export function signToken(
  key: KeyObject,
  claims: Record<string, unknown> | string,
  alg?: string,
  header: Record<string, unknown> = {},
): string {
  const own = key.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'ES256';
  const part = (value: unknown): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: alg ?? own, typ: 'JWT', ...header })}.${part(claims)}`;
  const signature =
    own === 'EdDSA'
      ? sign(null, Buffer.from(signed), key)
      : sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}
