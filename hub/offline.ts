import { join } from 'node:path';
import { readDeviceTypes } from './adapters/device-types.ts';
import { createAuditStore } from './adapters/sqlite/sqlite-audit-store.ts';
import { createDeviceStore } from './adapters/sqlite/sqlite-device-store.ts';
import { createPresenceStore } from './adapters/sqlite/sqlite-presence-store.ts';
import { openSpoolDatabase } from './adapters/sqlite/spool-database.ts';
import { lockDataDir, lockUsedDataDir } from './adapters/sqlite/data-dir.ts';
import { openStateDatabase } from './adapters/sqlite/state-database.ts';
import { Audit } from './audit/audit.ts';
import type { AuditAction } from './audit/audit-action.ts';
import { recorded } from './audit/recorded.ts';
import type { Config } from './config/config.ts';
import { demandStateHere } from './config/state-place.ts';
import type { LabelChange, NewDevices } from '../schemas/api/devices.ts';
import type { DeviceOperations } from './admin/admin-operations.ts';
import type { Validity } from '../schemas/api/credentials.ts';
import { createCredentialOperations, type CredentialOperations } from './admin/credential-operations.ts';
import { createDeviceAdministration } from './admin/device-administration.ts';
import { knownSession, type KnownSession } from './presence/last-session.ts';
import type { PresenceStore } from './presence/presence-store.ts';
import { Registry } from './registry/registry.ts';
import { Sessions } from './sessions/sessions.ts';
import { Rotation } from './identity/rotation.ts';
import { createLog } from './kernel/log.ts';
import { Releasers } from './kernel/releasers.ts';
import { systemClock as clock } from '../schemas/time/clock.ts';
import { Ledger } from './telemetry/ledger.ts';
import { Spool, spoolOptions } from './telemetry/spool.ts';
import type { TelemetryOperations } from './admin/telemetry-operations.ts';
import { createTelemetryAdministration } from './admin/telemetry-administration.ts';

/** What can be done without a hub. */
export type FileOperations = DeviceOperations &
  CredentialOperations &
  TelemetryOperations & { close(): Promise<void> };

/**
 * The operations on the files themselves, for when no hub runs; the folder is locked until `close`.
 * @param create a folder that no hub has used yet is made one
 * @throws HubError `data-dir-in-use` when a hub has the folder after all · `data-dir-invalid`
 */
export async function openOfflineOperations(
  config: Config,
  { create = false }: { create?: boolean } = {},
): Promise<FileOperations> {
  demandStateHere(config, ', which only a running hub changes: start it');
  const releasers = new Releasers();
  const close = async (): Promise<void> => {
    await releasers.closeAll();
  };
  try {
    const lock = create ? lockDataDir(config.dataDir) : lockUsedDataDir(config.dataDir);
    releasers.push('data folder', () => lock.release());
    const state = await openStateDatabase(join(config.dataDir, 'state.db'));
    releasers.push('state database', () => state.close());
    // Standard output is the command's own.
    const log = createLog({ level: 'warn', destination: process.stderr });
    const audit = new Audit({ store: createAuditStore(state), clock, log });
    releasers.push('audit', () => audit.close());
    // The next hub ends what else there is of a removed device: the bus must hear of it too.
    const registry = new Registry({ store: createDeviceStore(state), clock });
    await registry.load();
    const catalog = await readDeviceTypes(config.schemasDir);
    // There are none: no device is here to be offered a new secret either, which the next hub does.
    const lastSession = await storedSessions(createPresenceStore(state));
    const sessions = new Sessions({ registry, catalog, clock, hubClock: { unusable: false }, lastSession });
    const devices = createDeviceAdministration({
      registry,
      catalog,
      clock,
      presence: undefined,
      session: lastSession,
    });
    const credentials = createCredentialOperations({
      registry,
      clock,
      rotation: new Rotation({ registry, sessions, clock, log, audit }),
    });
    const file = join(config.dataDir, 'spool.db');
    const spoolDatabase = await openSpoolDatabase({ file });
    releasers.push('spool', () => spoolDatabase.close());
    const ledger = new Ledger();
    const spool = new Spool({ store: spoolDatabase, ledger, clock }, spoolOptions(config));
    await spool.load();
    return {
      ...audited(audit, devices, credentials),
      ...createTelemetryAdministration({ registry, ledger, spool }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the last hub knew of each device's session. */
async function storedSessions(
  store: Pick<PresenceStore, 'loadPresence'>,
): Promise<(deviceId: string) => KnownSession | undefined> {
  const rows = new Map((await store.loadPresence()).map((row) => [row.deviceId, row]));
  return (deviceId) => {
    const { session, timing, marks = {} } = rows.get(deviceId) ?? {};
    if (session === undefined || timing === undefined) return undefined;
    return knownSession(session, timing, marks, false);
  };
}

/** The same operations; those that change something leave the entries that the running hub would. */
function audited(
  audit: Audit,
  devices: DeviceOperations,
  credentials: CredentialOperations,
): DeviceOperations & CredentialOperations {
  const by = { audit, requester: { actor: 'local', origin: 'cli' } } as const;
  /** Of one device, which is the first argument. */
  const ofDevice = <Rest extends unknown[], Result>(
    action: AuditAction,
    run: (id: string, ...rest: Rest) => Promise<Result>,
  ): ((id: string, ...rest: Rest) => Promise<Result>) => recorded(by, action, (...args) => args[0], run);
  const disable = ofDevice('device.disable', (id) => credentials.setDisabled(id, true));
  const enable = ofDevice('device.enable', (id) => credentials.setDisabled(id, false));
  return {
    ...devices,
    ...credentials,
    addDevices: recorded(
      by,
      'device.add',
      ({ ids }: NewDevices) => many(ids),
      (request) => devices.addDevices(request),
    ),
    labelDevice: ofDevice('device.label', (id, change: LabelChange) => devices.labelDevice(id, change)),
    removeDevice: ofDevice('device.remove', (id) => devices.removeDevice(id)),
    addSecret: ofDevice('credential.add', (id, validity: Validity) => credentials.addSecret(id, validity)),
    addKey: ofDevice('credential.add', (id, key: string, validity: Validity) =>
      credentials.addKey(id, key, validity),
    ),
    revokeCredential: recorded(
      by,
      'credential.revoke',
      (id: string, name: string) => `${id}/${name}`,
      (id, name) => credentials.revokeCredential(id, name),
    ),
    setDisabled: (id, disabled) => (disabled ? disable(id) : enable(id)),
    rotate: recorded(by, 'credential.rotate', many, (ids) => credentials.rotate(ids)),
  };
}

function many(ids: readonly string[]): string {
  return ids.length === 1 ? (ids[0] ?? '') : `${ids[0] ?? ''} … (${ids.length})`;
}
