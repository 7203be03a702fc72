import { randomBytes } from 'node:crypto';
import { Silences } from '../../alarms/silences.ts';
import type { Registry } from '../../registry/registry.ts';
import type { HubContext } from '../context.ts';
import type { HubState } from '../state-wiring.ts';

/** Times in which the alarms of some devices are not published. */
export function createSilences(
  { clock, log }: HubContext,
  { state, registry }: { state: HubState; registry: Registry },
): Silences {
  return new Silences({
    clock,
    log,
    audit: state.audit,
    store: state.stores.silences,
    recordOf: (device) => registry.get(device),
    newId: () => randomBytes(6).toString('hex'),
  });
}
