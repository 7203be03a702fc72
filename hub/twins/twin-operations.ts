import { typeName, type DeviceType } from '../../schemas/index.ts';
import type {
  TwinChange,
  TwinPage,
  TwinQuery,
  TwinSummary,
  TwinView,
} from '../../schemas/api/twins/twins.ts';
import { differing } from '../../schemas/twin/twin-leaves.ts';
import type { DeviceTwin } from '../../schemas/api/devices.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { TwinStore } from './twin-store.ts';
import { twinTypeOf, type DesiredRequest, type Twins } from './twins.ts';

interface Deps {
  twins: Pick<Twins, 'read' | 'standing' | 'unsent' | 'change'>;
  store: Pick<TwinStore, 'history'>;
  /** By id. */
  registry: { pages(after?: string): AsyncIterable<readonly DeviceRecord[]> };
  /** @throws HubError `device-unknown` · `type-unknown` */
  requireType: (device: string) => DeviceType;
  typeOf: (device: string) => DeviceType | undefined;
}

/**
 * Twins as operators see them, for interfaces that answer a caller directly.
 * All but `list` throw HubError `device-unknown` · `type-unknown` · `twin-unknown` · `database-failed`.
 */
export interface TwinOperations {
  show(device: string): Promise<TwinView>;
  /** Resolves once it is on disk. @throws HubError `twin-changed` · `desired-invalid` as well */
  change(request: DesiredRequest): Promise<TwinView>;
  /** Newest first. */
  history(device: string, limit: number): Promise<TwinChange[]>;
  list(query: TwinQuery, mayShow?: MayShow): Promise<TwinPage>;
  /** Where its twin stands; undefined for a device without one. */
  stands(device: string): DeviceTwin | undefined;
}

/** Nothing was ever desired or reported. */
const unset: DeviceTwin = { state: 'in-sync', sinceMs: null, rev: 0 };

export function createTwinOperations(deps: Deps): TwinOperations {
  const { twins, store, registry, requireType, typeOf } = deps;

  async function show(device: string): Promise<TwinView> {
    const type = requireType(device);
    const { defaults } = twinTypeOf(type, device);
    const twin = await twins.read(device);
    const standing = twins.standing(device);
    const unsent = twins.unsent(device, twin);
    const { rev, desired, reported, dealtRev, errors, changedMs, reportedMs = null } = twin;
    return {
      device,
      type: type.id,
      state: standing?.state ?? 'in-sync',
      sinceMs: standing?.sinceMs ?? null,
      rev,
      desired,
      defaults,
      changedMs: rev === 0 ? null : changedMs,
      reported,
      reportedMs,
      dealtRev,
      errors: unsent === undefined ? errors : [...errors, unsent],
      differs: differing(desired, reported),
    };
  }

  return {
    show,

    async change(request) {
      await twins.change(request);
      return show(request.device);
    },

    async history(device, limit) {
      twinTypeOf(requireType(device), device);
      return store.history(device, limit);
    },

    stands(device) {
      if (typeOf(device)?.twin === undefined) return undefined;
      const { state, sinceMs, rev } = twins.standing(device) ?? unset;
      return { state, sinceMs, rev };
    },

    async list({ after = '', limit, state, type, site }, mayShow = () => true) {
      const page: TwinSummary[] = [];
      for await (const records of registry.pages(after)) {
        for (const record of records) {
          const { id: device } = record;
          if (!mayShow(device) || (site !== undefined && record.site !== site)) continue;
          if (type !== undefined && record.type !== type && typeName(record.type) !== type) continue;
          const own = typeOf(device);
          if (own?.twin === undefined) continue;
          const { state: stands, sinceMs, rev } = twins.standing(device) ?? unset;
          if (state !== undefined && stands !== state) continue;
          // One more than asked for shows that there is a next page.
          if (page.length === limit) return { twins: page, next: page.at(-1)?.device ?? null };
          page.push({ device, type: own.id, site: record.site, state: stands, sinceMs, rev });
        }
      }
      return { twins: page, next: null };
    },
  };
}
