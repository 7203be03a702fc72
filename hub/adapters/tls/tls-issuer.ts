/** Makes a certificate authority and certificates of it (RFC 5280): ECDSA P-256, which small devices verify fast. */

// The x509 package finds its parts by reflection and asks for this polyfill; it must be loaded first.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

/** Both PEM. */
export interface KeyAndCertificate {
  cert: string;
  key: string;
}

const dayMs = 86_400_000;
const authorityDays = 3_653;
/** Apple's limit for certificates of private authorities, the strictest of the common verifiers. */
const leafDays = 825;
/** 2020: devices whose clocks are far behind, and a hub whose clock was, take a CA from before they were made. */
const authorityFromMs = Date.UTC(2020, 0, 1);
/** Clocks of devices are often behind. */
const backdatedMs = dayMs;
/** The same of a certificate between hubs, whose clocks may differ more before anybody notices. */
const peerLeadMs = 30 * dayMs;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const signing = { name: 'ECDSA', hash: 'SHA-256' };

/** A CA of ten years that may sign certificates of hosts only. */
export async function makeAuthority(nowMs: number): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // The random part keeps two hubs' authorities apart in one trust store.
    name: [{ CN: [`Device hub local CA ${randomBytes(4).toString('hex')}`] }],
    notBefore: new Date(Math.min(authorityFromMs, nowMs - backdatedMs)),
    notAfter: new Date(nowMs + authorityDays * dayMs),
    signingAlgorithm: signing,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pemOf(certificate), key: keyPem(keys.privateKey) };
}

/** A server certificate for `names` (host names and addresses), of at most 825 days and not beyond its CA's end. */
export async function makeLeaf(
  authority: KeyAndCertificate,
  names: readonly string[],
  nowMs: number,
): Promise<KeyAndCertificate> {
  const issuer = new X509Certificate(authority.cert);
  const pkcs8 = createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), algorithm, false, [
    'sign',
  ]);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: ['Device hub'] }],
    issuer: issuer.subject,
    // The whole span, backdating included, stays within the 825 days.
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(Math.min(nowMs - backdatedMs + leafDays * dayMs, issuer.notAfter.getTime())),
    signingAlgorithm: signing,
    signingKey,
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        [...new Set(names)].map((name) => ({
          type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const),
          value: name,
        })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: pemOf(certificate), key: keyPem(keys.privateKey) };
}

/** For a listener that hubs ask one another on, made at its start and kept nowhere. @returns PEM */
export async function makePeerCertificate(nowMs: number): Promise<KeyAndCertificate & { authority: string }> {
  const authority = await makeAuthority(nowMs);
  const leaf = await makeLeaf(authority, ['device-hub'], nowMs - peerLeadMs);
  return { ...leaf, authority: authority.cert };
}

/** The names a certificate is for. */
export function namesOf(certPem: string): string[] {
  const extension = new X509Certificate(certPem).getExtension(SubjectAlternativeNameExtension);
  return extension === null ? [] : extension.names.items.map(({ value }) => value);
}

/** 16 random bytes, positive (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

function keyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}
