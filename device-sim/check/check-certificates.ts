/** Certificates for the checks of TLS: a right one, and wrong ones of each kind (RFC 5280 §6.1, RFC 9525). */

// The x509 package needs this polyfill to find its parts by reflection. It must be loaded first.
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

/** The fault of the certificate that the hub presents; `right`: none. */
export type CertificateKind = 'right' | 'wrong-ca' | 'wrong-name' | 'expired';

export interface CheckCertificate {
  /** The CA that the device gets to trust, PEM. */
  ca: string;
  cert: string;
  key: string;
}

const dayMs = 86_400_000;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);

/** @param host the name or address by which the device reaches the hub */
export async function makeCheckCertificate(kind: CertificateKind, host: string): Promise<CheckCertificate> {
  const nowMs = Date.now();
  const issuer = await newAuthority(nowMs);
  const trusted = kind === 'wrong-ca' ? await newAuthority(nowMs) : issuer;
  const keys = await newKeys();
  const name = kind === 'wrong-name' ? 'other.example' : host;
  const leaf = await X509CertificateGenerator.create({
    subject: 'CN=Device check',
    issuer: issuer.certificate.subject,
    notBefore: new Date(nowMs - 10 * dayMs),
    notAfter: new Date(nowMs + (kind === 'expired' ? -dayMs : 10 * dayMs)),
    signingAlgorithm,
    signingKey: issuer.keys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }]),
    ],
  });
  return {
    ca: trusted.certificate.toString('pem'),
    cert: leaf.toString('pem'),
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

async function newAuthority(nowMs: number) {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Device check CA',
    notBefore: new Date(nowMs - 20 * dayMs),
    notAfter: new Date(nowMs + 20 * dayMs),
    signingAlgorithm,
    keys,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return { certificate, keys };
}
