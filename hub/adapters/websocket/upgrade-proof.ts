/** What an upgrade request brings to prove who it is. */

import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Proof } from '../../identity/principal.ts';

export function proofOf({ headers, socket }: IncomingMessage): Proof {
  const { authorization } = headers;
  // A certificate that the configured authority did not sign proves nothing, and disturbs nothing.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { authorization };
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { authorization };
  const notAfterMs = certificate.validToDate.getTime();
  return { authorization, certificate: { names: dnsNames(certificate.subjectAltName), notAfterMs } };
}

/**
 * `DNS:d-1, DNS:d-1.example.org` → its names. A name with a comma or a quote in it is shown quoted, and could
 * pass for two: such a certificate has no names for us.
 */
function dnsNames(subjectAltName: string | undefined): string[] {
  if (subjectAltName === undefined || subjectAltName.includes('"')) return [];
  return subjectAltName
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice('DNS:'.length));
}
