/** The proof of identity in an upgrade request. */

import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Proof } from '../../identity/principal.ts';

/** @param authorization a header's, or in its form */
export function proofOf({ socket }: IncomingMessage, authorization: string | undefined): Proof {
  // A certificate that the configured authority did not sign proves nothing, and is ignored.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { authorization };
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { authorization };
  const notAfterMs = certificate.validToDate.getTime();
  return { authorization, certificate: { names: dnsNames(certificate.subjectAltName), notAfterMs } };
}

/**
 * `DNS:d-1, DNS:d-1.example.org` → its names. A name with a comma or a quote in it is shown quoted, and could
 * look like two, so such a certificate counts as one without names.
 */
function dnsNames(subjectAltName: string | undefined): string[] {
  if (subjectAltName === undefined || subjectAltName.includes('"')) return [];
  return subjectAltName
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice('DNS:'.length));
}
