/** Key and certificate of the device listener: the operator's, or the hub's own from the data folder. */

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { TlsOptions } from 'node:tls';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { readSecretFile } from '../../kernel/secret-file.ts';
import type { TlsSource } from '../../kernel/tls-source.ts';
import { loadOwnMaterial } from './tls-own.ts';

/** All PEM. */
export interface TlsMaterial {
  cert: string;
  key: string;
  /** Authorities of the devices' certificates. */
  clientCa?: string;
  /** What devices pin, when the hub made its own CA. */
  caFile?: string;
  /** The file of the key, when users other than its owner may read it. */
  exposedKeyFile?: string;
}

export interface TlsSurroundings {
  /** Unix ms. */
  now: () => number;
  /** Names and addresses devices use for this hub, for its own certificate; see `machineNames`. */
  hostnames: readonly string[];
}

/**
 * Loads the material, making or renewing the hub's own where that is due.
 * @throws HubError `tls-invalid`, naming the file and its fault
 */
export async function loadTlsMaterial(
  source: TlsSource,
  dataDir: string,
  { now, hostnames }: TlsSurroundings,
): Promise<TlsMaterial> {
  const material =
    source.mode === 'own'
      ? await loadOwnMaterial(dataDir, now(), hostnames)
      : await loadGivenMaterial(source.cert, source.key, now());
  if (source.clientCa === undefined) return material;
  const { pem } = await loadCertificates(source.clientCa, now());
  return { ...material, clientCa: pem };
}

async function loadGivenMaterial(certFile: string, keyFile: string, nowMs: number): Promise<TlsMaterial> {
  const [cert, key] = await Promise.all([loadCertificates(certFile, nowMs), loadKey(keyFile)]);
  if (cert.chain[0]?.checkPrivateKey(key.privateKey) !== true) {
    throw invalid(keyFile, `it is not the key of the first certificate in ${certFile}`);
  }
  return { cert: cert.pem, key: key.pem, ...(key.exposed ? { exposedKeyFile: keyFile } : {}) };
}

/** Files of the operator's; absent: not given. */
export interface TlsFiles {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
}

export interface TlsFileFault {
  name: keyof TlsFiles;
  file: string;
  /** What is wrong with it, and the way out. */
  fault: string;
}

/** Every fault for which `loadTlsMaterial` would refuse these files, by the file's name in the configuration. */
export async function tlsFileFaults(
  { tlsCert, tlsKey, tlsClientCa }: TlsFiles,
  nowMs: number,
): Promise<TlsFileFault[]> {
  const faults: TlsFileFault[] = [];
  const check = async (name: keyof TlsFiles, loading: Promise<unknown>): Promise<void> => {
    await loading.catch((error: unknown) => {
      if (!(error instanceof HubError)) throw error;
      const { file, fault } = error.details;
      faults.push({ name, file: String(file), fault: String(fault) });
    });
  };
  if (tlsCert !== undefined) await check('tlsCert', loadCertificates(tlsCert, nowMs));
  if (tlsKey !== undefined) await check('tlsKey', loadKey(tlsKey));
  if (tlsCert !== undefined && tlsKey !== undefined && faults.length === 0) {
    await check('tlsKey', loadGivenMaterial(tlsCert, tlsKey, nowMs));
  }
  if (tlsClientCa !== undefined) await check('tlsClientCa', loadCertificates(tlsClientCa, nowMs));
  return faults;
}

async function loadCertificates(
  file: string,
  nowMs: number,
): Promise<{ pem: string; chain: X509Certificate[] }> {
  const pem = await readText(file);
  const chain = parseCertificates(pem, file);
  checkDates(chain, file, nowMs);
  return { pem, chain };
}

async function loadKey(file: string): Promise<{ pem: string; privateKey: KeyObject; exposed: boolean }> {
  const { text: pem, exposed } = readKey(file);
  return { pem, privateKey: parseKey(pem, file), exposed };
}

function readKey(file: string): ReturnType<typeof readSecretFile> {
  try {
    return readSecretFile(file);
  } catch (error) {
    throw invalid(file, `it cannot be used (${messageOf(error)})`, error);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw invalid(file, `it cannot be read (${messageOf(error)})`, error);
  }
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function parseCertificates(pem: string, file: string): X509Certificate[] {
  const blocks = pem.match(pemCertificate);
  if (blocks === null) throw invalid(file, 'it contains no PEM certificate (-----BEGIN CERTIFICATE-----)');
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw invalid(file, `certificate ${index + 1} in it cannot be read (${messageOf(error)})`, error);
    }
  });
}

function parseKey(pem: string, file: string): KeyObject {
  if (pem.includes('ENCRYPTED')) {
    throw invalid(
      file,
      'the key in it is encrypted; store it in plain, readable by the hub alone (mode 0600)',
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw invalid(file, `it contains no PEM private key (${messageOf(error)})`, error);
  }
}

function checkDates(chain: readonly X509Certificate[], file: string, nowMs: number): void {
  for (const { subject, validFromDate, validToDate } of chain) {
    const name = subject?.replaceAll('\n', ', ') ?? 'without a subject';
    if (validToDate.getTime() <= nowMs) {
      throw invalid(file, `the certificate ${name} expired on ${validToDate.toISOString()}; renew it`);
    }
    if (validFromDate.getTime() > nowMs) {
      throw invalid(
        file,
        `the certificate ${name} is valid only from ${validFromDate.toISOString()}; is the clock right?`,
      );
    }
  }
}

function invalid(file: string, fault: string, cause?: unknown): HubError {
  return new HubError('tls-invalid', `${file}: ${fault}`, { cause, details: { file, fault } });
}

/** TLS 1.3, and of 1.2 the suites with forward secrecy and authenticated encryption (RFC 9325 §4.2). */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * Options for `https.createServer`. With `clientCa` a client may show a certificate of it instead of another
 * credential; one that shows none, or a foreign one, has to prove who it is in another way.
 */
export function tlsServerOptions({ cert, key, clientCa }: TlsMaterial): TlsOptions {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ciphers,
    handshakeTimeout: 10_000,
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
  };
}
