/** The hub's own CA and certificate in `tls/` of the data folder: made once, the certificate renewed in time. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { codeOf } from '../listen-address.ts';
import { makeAuthority, makeLeaf, namesOf, type KeyAndCertificate } from './tls-issuer.ts';

/** A certificate that ends sooner is renewed at start. */
const renewWithinMs = 30 * 86_400_000;
/** How much older than now a certificate is made. */
const leafLeadMs = 60 * 86_400_000;

/** `localhost`, the loopback addresses, this machine's name and its addresses (link-local ones left out). */
export function machineNames(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((interfaceAddresses) => interfaceAddresses ?? [])
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .map(({ address }) => address);
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...addresses])];
}

/**
 * Devices pin `ca.crt`, so a CA that exists is never replaced: when it cannot be used, the hub says so and stops.
 * The certificate it issued is replaced when it ends within 30 days, when the names differ, or when it is damaged.
 * @throws HubError `tls-invalid`
 */
export async function loadOwnMaterial(
  dataDir: string,
  nowMs: number,
  hostnames: readonly string[],
): Promise<KeyAndCertificate & { caFile: string }> {
  const folder = join(dataDir, 'tls');
  const caFile = join(folder, 'ca.crt');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const caCert = (await textOf(caFile)) ?? (await newAuthority(folder, nowMs));
    const authority = usableAuthority(caCert, caFile, nowMs);
    const leaf = { cert: await textOf(join(folder, 'hub.crt')), key: await textOf(join(folder, 'hub.key')) };
    if (
      leaf.cert !== undefined &&
      leaf.key !== undefined &&
      leafHolds(leaf.cert, leaf.key, authority, nowMs, hostnames)
    ) {
      await chmod(join(folder, 'hub.key'), 0o600);
      return { cert: leaf.cert, key: leaf.key, caFile };
    }
    const renewed = await makeLeaf(
      { cert: caCert, key: await authorityKey(folder, authority) },
      hostnames,
      // The clock may be ahead: the certificate is to hold as soon as it is right.
      nowMs - leafLeadMs,
    );
    await writePair(folder, 'hub', renewed);
    return { ...renewed, caFile };
  } catch (error) {
    if (error instanceof HubError) throw error;
    throw new HubError('tls-invalid', `${folder}: ${messageOf(error)}`, {
      cause: error,
      details: { file: folder },
    });
  }
}

/** A `ca.key` without `ca.crt` is left from a start that was cut off: nobody can have pinned that CA. */
async function newAuthority(folder: string, nowMs: number): Promise<string> {
  const authority = await makeAuthority(nowMs);
  await writePair(folder, 'ca', authority);
  return authority.cert;
}

function usableAuthority(pem: string, file: string, nowMs: number): X509Certificate {
  const wayOut =
    'bring it back from a backup; or remove the folder it is in for a new CA, and give the new ca.crt to every device';
  let authority;
  try {
    authority = new X509Certificate(pem);
  } catch (error) {
    throw new HubError('tls-invalid', `${file}: it is not a certificate (${messageOf(error)}); ${wayOut}`, {
      cause: error,
      details: { file },
    });
  }
  if (authority.validToDate.getTime() <= nowMs) {
    throw new HubError(
      'tls-invalid',
      `${file}: it expired on ${authority.validToDate.toISOString()}; ${wayOut}`,
      {
        details: { file },
      },
    );
  }
  return authority;
}

async function authorityKey(folder: string, authority: X509Certificate): Promise<string> {
  const file = join(folder, 'ca.key');
  const pem = await textOf(file);
  if (pem === undefined || !isPair(authority, pem)) {
    throw new HubError(
      'tls-invalid',
      `${file}: ${pem === undefined ? 'it is missing' : 'it is not the key of ca.crt'}, so the hub's certificate ` +
        'cannot be renewed; bring it back from a backup, or give a certificate with HUB_TLS_CERT and HUB_TLS_KEY',
      { details: { file } },
    );
  }
  return pem;
}

function leafHolds(
  cert: string,
  key: string,
  authority: X509Certificate,
  nowMs: number,
  hostnames: readonly string[],
): boolean {
  let leaf;
  try {
    leaf = new X509Certificate(cert);
  } catch {
    return false;
  }
  const names = new Set(namesOf(cert));
  return (
    leaf.verify(authority.publicKey) &&
    isPair(leaf, key) &&
    leaf.validFromDate.getTime() <= nowMs &&
    leaf.validToDate.getTime() - renewWithinMs > nowMs &&
    names.size === new Set(hostnames).size &&
    hostnames.every((name) => names.has(name))
  );
}

function isPair(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The key first: a start cut off between the two leaves a pair that does not match, which the next start sees. */
async function writePair(folder: string, name: string, { cert, key }: KeyAndCertificate): Promise<void> {
  await replaceFile(join(folder, `${name}.key`), key, 0o600);
  await replaceFile(join(folder, `${name}.crt`), cert, 0o644);
}

/** The file is the old one or the new one, even after a power cut, and has its mode before its content. */
async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const draft = `${file}.new`;
  await rm(draft, { force: true });
  const handle = await open(draft, 'wx', mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
