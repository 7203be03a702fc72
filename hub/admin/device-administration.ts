import { namePattern, sitePattern } from '../../schemas/index.ts';
import type { DeviceTypeCatalog } from '../../schemas/index.ts';
import type {
  DeviceDetails,
  DeviceSummary,
  DeviceTwin,
  LatestSession,
  NewCredential,
  NewDevices,
} from '../../schemas/api/devices.ts';
import { HubError } from '../kernel/errors.ts';
import { withoutUndefined } from '../kernel/without-undefined.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { DeviceOperations } from './admin-operations.ts';
import { newSecretCredential } from '../registry/credentials.ts';
import { countsBy } from './device-counts.ts';
import { pageOf } from './device-pages.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import { checkLabels } from '../registry/labels.ts';
import type { Presence } from '../../schemas/api/presence.ts';
import type { Registry } from '../registry/registry.ts';
import type { KnownSession } from '../presence/last-session.ts';

export interface DeviceAdministrationDeps {
  registry: Registry;
  catalog: DeviceTypeCatalog;
  clock: Clock;
  /** A device's presence now; undefined when no hub runs that would know. */
  presence: ((deviceId: string) => Presence) | undefined;
  /** Its open session, or the last one. */
  session: (deviceId: string) => KnownSession | undefined;
  /** Where its twin stands; undefined for a device without one, or when no hub runs. */
  twin?: (deviceId: string) => DeviceTwin | undefined;
}

/** A device as it is now; undefined when there is none with this id. */
export interface DeviceViews {
  row(id: string): DeviceSummary | undefined;
  details(id: string): DeviceDetails | undefined;
}

/** Registers, shows and removes devices; the same rules in the running hub and on the files. */
export function createDeviceAdministration(deps: DeviceAdministrationDeps): DeviceOperations & DeviceViews {
  const { registry, catalog } = deps;

  function summary(
    record: DeviceRecord,
    presence = deps.presence?.(record.id),
    session = deps.session(record.id)?.session,
  ): DeviceSummary {
    return {
      id: record.id,
      type: record.type,
      site: record.site,
      labels: record.labels ?? {},
      presence: presence?.state ?? 'unknown',
      sinceMs: presence?.sinceMs ?? null,
      lastDataMs: presence?.marks.dataMs ?? null,
      ...(session === undefined ? {} : firmwareOf(session)),
      ...withoutUndefined({ twin: deps.twin?.(record.id) }),
      ...(record.disabled ? { disabled: true } : {}),
    };
  }

  function details(record: DeviceRecord): DeviceDetails {
    const presence = deps.presence?.(record.id);
    const known = deps.session(record.id);
    return {
      ...summary(record, presence, known?.session),
      registeredMs: record.createdMs,
      // Another hub may have opened its last session.
      epoch: presence?.epoch ?? record.epoch,
      lastPongMs: presence?.marks.pongMs ?? null,
      lastFrameMs: presence?.marks.frameMs ?? null,
      ...(presence === undefined ? {} : { reason: presence.reason }),
      ...known,
    };
  }

  const viewed = <View>(id: string, view: (record: DeviceRecord) => View): View | undefined => {
    const record = registry.get(id);
    return record && view(record);
  };

  return {
    row: (id) => viewed(id, (record) => summary(record)),
    details: (id) => viewed(id, details),

    async addDevices(request: NewDevices): Promise<NewCredential[]> {
      checkRequest(request, catalog);
      const { labels = {} } = request;
      checkLabels(labels);
      const createdMs = deps.clock.now();
      const made = request.ids.map((id) => ({ id, ...newSecretCredential(createdMs) }));
      const records = made.map(({ id, credential }) => ({
        id,
        type: request.type,
        site: request.site,
        labels,
        credentials: [credential],
        createdMs,
        disabled: false,
        epoch: 0,
      }));
      await registry.add(records);
      return made.map(({ id, secret }) => ({ id, secret }));
    },

    listDevices: (query, mayShow) => pageOf(registry, query, (record) => summary(record), mayShow),

    countDevices: (by, mayShow) =>
      countsBy(registry, (record) => summary(record), { by, mayShow: mayShow ?? (() => true) }),

    showDevice: async (id) => details(await registry.found(id)),

    async labelDevice(id, { set, remove }) {
      checkLabels(set, remove, (await registry.found(id)).labels);
      await registry.label(id, set, remove);
      return details(await registry.found(id));
    },

    removeDevice: (id) => registry.remove(id),
  };
}

function firmwareOf({ firmware, open, heardMs }: LatestSession): Partial<DeviceSummary> {
  if (firmware === undefined) return {};
  return open ? { firmware } : { firmware, firmwareHeardMs: heardMs };
}

function checkRequest({ ids, type, site }: NewDevices, catalog: DeviceTypeCatalog): void {
  const bad = ids.find((id) => !namePattern.test(id));
  if (bad !== undefined) {
    const note = `device id ${JSON.stringify(bad)}: letters, digits, _ and -, 1 to 64 of them`;
    throw new HubError('input-invalid', note, { details: { name: 'id', got: bad } });
  }
  if (ids.length === 0)
    throw new HubError('input-invalid', 'no device id given', { details: { name: 'ids' } });
  if (catalog.get(type) === undefined) {
    const types = catalog.all().map(({ id }) => id);
    const note = `there is no device type ${JSON.stringify(type)}; there are ${types.join(', ')}`;
    throw new HubError('input-invalid', note, { details: { name: 'type', got: type, types } });
  }
  if (!sitePattern.test(site)) {
    const note = `site ${JSON.stringify(site)}: letters, digits, _ . and -, 1 to 64 of them`;
    throw new HubError('input-invalid', note, { details: { name: 'site', got: site } });
  }
}
