import { TLSSocket } from 'node:tls';
import type { CertificateKind } from './check-certificates.ts';
import { demand, pause, type Check } from './check.ts';

/** Checks of the certificates that a device trusts. */

/** How long a check watches that the device does not go on, ms. */
const watchedMs = 3_000;

const wrong: readonly (readonly [kind: CertificateKind, what: string])[] = [
  ['wrong-ca', 'that another CA has signed'],
  ['wrong-name', 'that is for another host'],
  ['expired', 'that ended yesterday'],
];

export const tlsChecks: readonly Check[] = [
  {
    id: 'tls/trusted',
    title: 'connects by TLS to a hub whose certificate its CA has signed',
    certificate: 'right',
    async run(bench) {
      bench.device.start();
      const { request } = await bench.open();
      demand(request.socket instanceof TLSSocket, 'it connects without TLS');
    },
  },
  ...wrong.map(([certificate, what]): Check => ({
    id: `tls/${certificate}`,
    title: `gives no credential to a hub with a certificate ${what}`,
    certificate,
    async run({ hub, device }) {
      device.start();
      await hub.knocked(15_000);
      await pause(watchedMs);
      demand(
        hub.attempts.length === 0,
        `it asks for the upgrade, with its credential, by a certificate ${what}`,
      );
    },
  })),
  {
    id: 'tls/resumed',
    title: 'resumes its TLS session when it reconnects (RFC 8446 §2.2)',
    certificate: 'right',
    async run(bench) {
      bench.device.start();
      const first = await bench.open();
      // The tickets come after the handshake.
      await first.dataFrames(1);
      first.cut();
      const { socket } = (await bench.open()).request;
      demand(socket instanceof TLSSocket && socket.isSessionReused(), 'it makes a full handshake again');
    },
  },
];
