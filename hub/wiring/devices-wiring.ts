import type { TlsReload } from '../adapters/tls/tls-reload.ts';
import {
  startDeviceListener,
  type DeviceListener,
  type DeviceListenerDeps,
} from '../adapters/websocket/device-listener.ts';
import type { Config } from '../config/config.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Enrolments } from '../identity/enrolment.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Stories } from '../presence/device-events.ts';
import { openTls } from './parts-wiring.ts';
import type { Log } from '../kernel/log.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';

/** Below the limit of descriptors that most machines set; sockets beyond are refused. */
const maxConnections = 19_000;
/** How often expired credentials are looked for: their sessions end that late at most, ms. */
const expiryCheckMs = 1_000;

interface Deps extends Pick<DeviceListenerDeps, 'admit' | 'connect'> {
  clock: Clock;
  log: Log;
  sessions: Sessions;
  authenticator: Authenticator;
  enrolments: Enrolments;
  stories: Stories;
  releasers: Releasers;
}

/**
 * The devices' way in: TLS, limits before authentication, identity, and its end when a credential expires.
 * @throws HubError `address-in-use` · `tls-invalid`
 */
export async function listenForDevices(
  config: Config,
  { clock, log, sessions, authenticator, enrolments, stories, releasers, admit, connect }: Deps,
): Promise<{ listener: DeviceListener; reload: TlsReload | undefined }> {
  releasers.push(
    'expiry',
    clock.every(expiryCheckMs, () => sessions.closeExpired()),
  );
  const tls = await openTls(config, { clock, log });
  const listener = await startDeviceListener(
    {
      log,
      admit,
      connect,
      authenticate: (proof, network) => authenticator.admit(proof, network),
      enrol: (ask, network) => enrolments.enrol(ask, network),
      refused: ({ authorization, ...refusal }) => {
        const deviceId = authenticator.claimedDevice(authorization);
        if (deviceId !== undefined) stories.tell(deviceId, { kind: 'refused', ...refusal });
      },
    },
    {
      listen: config.deviceListen,
      tls: tls?.options,
      allowedOrigins: config.allowedOrigins,
      maxConnections,
      maxSocketsPerAddress: config.maxSocketsPerAddress,
      maxPendingPerAddress: config.maxPendingPerAddress,
      trustedProxies: config.trustedProxies,
    },
  );
  releasers.push('device listener', () => listener.close());
  const reload = tls?.watch((renewed) => listener.renewTls(renewed));
  releasers.push('certificate', () => reload?.close());
  return { listener, reload };
}
