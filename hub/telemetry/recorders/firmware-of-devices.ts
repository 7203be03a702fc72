import { typeName } from '../../../schemas/index.ts';
import type { Registry } from '../../registry/registry.ts';
import type { PresenceKeeper } from '../../presence/presence-keeper.ts';

/** What each device that we judge ran last; not those that never said it. */
export function* firmwareOfDevices(
  registry: Pick<Registry, 'get'>,
  keeper: Pick<PresenceKeeper, 'all' | 'session'>,
): Generator<{ type: string; site: string; firmware: string }> {
  for (const [deviceId] of keeper.all()) {
    const record = registry.get(deviceId);
    const firmware = keeper.session(deviceId)?.session.firmware;
    if (record === undefined || firmware === undefined) continue;
    yield { type: typeName(record.type), site: record.site, firmware };
  }
}
