import { randomUUID } from 'node:crypto';
import { exposeNotices } from '../notices/notice-metrics.ts';
import { Notices } from '../notices/notices.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';

/** What is pushed to devices, now or at its time. */
export function createNotices(
  { clock, log, random, metrics, releasers }: HubContext,
  { state, registry, sessions }: { state: HubState; registry: Registry; sessions: Sessions },
): Notices {
  const store = state.stores.notices;
  const notices = new Notices({ clock, log, registry, sessions, newId: randomUUID, random, store });
  releasers.push('notices', () => notices.close());
  exposeNotices(metrics, notices);
  return notices;
}
