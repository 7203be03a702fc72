import { verify, type KeyObject } from 'node:crypto';

/** Bytes of an Ed25519 signature (RFC 8032 §5.1.6). */
const signatureBytes = 64;

/** Whether it has the form of a signature: 64 bytes in base64. */
export function isSignature(text: string): boolean {
  return /^[A-Za-z0-9+/]{86}==$/.test(text) && Buffer.from(text, 'base64').length === signatureBytes;
}

/** Whether the owner of the key signed the artifact: Ed25519 over the 32 bytes of its SHA-256. */
export function isSignedBy(key: KeyObject, sha256: string, signature: string): boolean {
  return verify(null, Buffer.from(sha256, 'hex'), key, Buffer.from(signature, 'base64'));
}
