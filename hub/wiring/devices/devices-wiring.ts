import { openDeviceTls } from '../../adapters/tls/device-tls.ts';
import { exposeTls } from '../../adapters/tls/tls-metrics.ts';
import { startDeviceListener } from '../../adapters/websocket/device-listener.ts';
import { exposeListener } from '../../adapters/websocket/listener-metrics.ts';
import type { Refusals } from '../../admin/refusals.ts';
import type { CommandEvents } from '../../commands/command-session.ts';
import { refusedClaims } from '../../identity/refused-claims.ts';
import type { CutConnections } from '../../incidents/cut-connections.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Admission } from '../../sessions/admission.ts';
import { AckSchedule } from '../../sessions/ack-schedule.ts';
import type { CloneGuard } from '../../sessions/clone-guard.ts';
import { sessionOptions } from '../../sessions/hello.ts';
import type { SessionDeps } from '../../sessions/session-deps.ts';
import { Session } from '../../sessions/session.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { HubClock } from '../../telemetry/clock/hub-clock.ts';
import type { Ingest } from '../../telemetry/ingest.ts';
import type { TwinEvents } from '../../twins/twin-session.ts';
import type { FirmwareParts } from '../firmware/firmware-wiring.ts';
import type { HubContext } from '../context.ts';
import type { IdentityParts } from './identity-wiring.ts';
import type { PresenceParts } from '../presence-wiring.ts';
import type { HubState } from '../state-wiring.ts';

/** How often expired credentials are checked, ms: their sessions end at most this late. */
const expiryCheckMs = 1_000;

interface Deps {
  state: HubState;
  registry: Registry;
  admission: Admission;
  sessions: Sessions;
  identity: IdentityParts;
  presence: PresenceParts;
  incidents: { clones: CloneGuard; cuts: CutConnections };
  telemetry: { ingest: Ingest; hubClock: HubClock };
  commands: { dispatcher: CommandEvents };
  twins: { keeper: TwinEvents };
  firmware: Pick<FirmwareParts, 'rollouts' | 'downloads'>;
  admin: { refusals: Refusals };
}

/**
 * The devices' way in: TLS, limits before authentication, identity, the session, and its end when a credential expires.
 * @throws HubError `address-in-use` · `tls-invalid`
 */
export async function listenForDevices(hub: HubContext, deps: Deps) {
  const { config, clock, log, metrics, releasers } = hub;
  const { registry, sessions, admission } = deps;
  const { authenticator, enrolments } = deps.identity;
  const { events } = deps.presence;
  const sessionDeps = sessionDepsOf(hub, deps);
  releasers.push(
    'expiry',
    clock.every(expiryCheckMs, () => sessions.closeExpired()),
  );
  const tls = await openDeviceTls(config.tls, config.dataDir, { clock, log });
  const connectionCut = (network: string): void => deps.incidents.cuts.note(network);
  const listener = await startDeviceListener(
    {
      log,
      admit: (deviceId) => admission.admit(deviceId),
      authenticate: (proof, network) => authenticator.admit(proof, network),
      downloads: deps.firmware.downloads,
      enrol: (ask, network) => enrolments.enrol(ask, network),
      refused: refusedClaims({ registry, events }),
      connect(record, socket, address, principal) {
        const session = new Session(sessionDeps, record, socket, address);
        sessions.connected(session, principal);
        session.start();
        return session;
      },
    },
    { ...config, listen: config.deviceListen, tls: tls?.options, connectionCut },
  );
  releasers.push('device listener', () => listener.close());
  const certificate = tls?.watch((renewed) => listener.renewTls(renewed));
  releasers.push('certificate', () => certificate?.close());
  exposeListener(metrics, listener.counters);
  if (certificate !== undefined) exposeTls(metrics, certificate);
  return { listener, certificate };
}

function sessionDepsOf({ config, clock, log, releasers }: HubContext, deps: Deps): SessionDeps {
  const { registry, sessions } = deps;
  const { refusals } = deps.admin;
  const { rollouts } = deps.firmware;
  const { keeper, liveness, events } = deps.presence;
  const { rotation } = deps.identity;
  const acks = new AckSchedule(clock, config.ackDelayMs);
  releasers.push('acks', () => acks.close());
  return {
    clock,
    log,
    liveness,
    catalog: deps.state.catalog,
    ingest: deps.telemetry.ingest,
    hubClock: deps.telemetry.hubClock,
    acks,
    presence: keeper,
    registry,
    sessions,
    counters: sessions.counters,
    commands: deps.commands.dispatcher,
    twins: deps.twins.keeper,
    updates: rollouts,
    clones: deps.incidents.clones,
    deviceEvents: events,
    options: sessionOptions(config),
    opened: (session) => rotation.sessionOpened(session.deviceId),
    nackFollowers: [refusals, rollouts],
  };
}
