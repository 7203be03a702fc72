/** A certificate that is renewed on disk is served from then on; one that nobody renews is warned about. */

import { X509Certificate } from 'node:crypto';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { TlsMaterial } from './tls.ts';

export interface TlsReload {
  /** End of the certificate in use, Unix ms. */
  readonly expiresMs: number;
  readonly counters: Readonly<{ reloads: number; failures: number }>;
  close(): void;
}

const checkEveryMs = 60_000;
const warnWithinMs = 30 * 86_400_000;
const warnEveryMs = 86_400_000;

/**
 * Checks the files every minute. A change is checked completely before it is served; open sockets stay open.
 * @param apply serves the material to new connections
 */
export function watchTls(
  deps: { clock: Clock; log: Log },
  first: TlsMaterial,
  load: () => Promise<TlsMaterial>,
  apply: (material: TlsMaterial) => void,
): TlsReload {
  const { clock, log } = deps;
  const counters = { reloads: 0, failures: 0 };
  let current = first;
  let expiresMs = endOf(first);
  let warnedAt = -Infinity;
  let looking = false;

  function warn(): void {
    const leftMs = expiresMs - clock.now();
    if (leftMs > warnWithinMs || clock.monotonic() - warnedAt < warnEveryMs) return;
    warnedAt = clock.monotonic();
    log.warn(
      { expires: new Date(expiresMs).toISOString(), days: Math.floor(leftMs / 86_400_000) },
      'the certificate of the device listener ends soon; renew its files, no restart is needed',
    );
  }

  async function look(): Promise<void> {
    const material = await load();
    const { cert, key, clientCa } = material;
    if (cert === current.cert && key === current.key && clientCa === current.clientCa) return;
    apply(material);
    current = material;
    expiresMs = endOf(material);
    warnedAt = -Infinity;
    counters.reloads += 1;
    log.info({ expires: new Date(expiresMs).toISOString() }, 'serving the renewed certificate');
  }

  warn();
  const cancel = clock.every(checkEveryMs, () => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => {
        // Half-written files end up here too. The next check finds them complete.
        counters.failures += 1;
        log.warn(
          { reason: messageOf(error) },
          'the certificate files cannot be used; the old one is served on',
        );
      })
      .finally(() => {
        looking = false;
        warn();
      });
  });
  return {
    get expiresMs() {
      return expiresMs;
    },
    counters,
    close: cancel,
  };
}

function endOf({ cert }: TlsMaterial): number {
  return new X509Certificate(cert).validToDate.getTime();
}
