import { randomUUID } from 'node:crypto';
import { ownShare } from '../kernel/own-share.ts';
import { exposeNotices } from '../notices/notice-metrics.ts';
import { NoticeSpreads } from '../notices/notice-spreads.ts';
import type { NoticesElsewhere } from '../notices/notices-elsewhere.ts';
import { Notices } from '../notices/notices.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { HubContext } from './context.ts';
import type { HubState } from './state-wiring.ts';

export interface NoticeParts {
  notices: Notices;
  /** To the devices of this hub, for other hubs. */
  spreads: NoticeSpreads;
}

/** What is pushed to devices, now or at its time. */
export function createNotices(
  { clock, log, metrics, releasers }: HubContext,
  {
    state,
    registry,
    sessions,
    peers,
  }: {
    state: HubState;
    registry: Registry;
    sessions: Sessions;
    peers: { readonly notices: NoticesElsewhere } | undefined;
  },
): NoticeParts {
  const store = state.stores.notices;
  const spreads = new NoticeSpreads({ clock, registry, sessions, share: ownShare });
  releasers.push('notices on their way', () => spreads.close());
  const elsewhere = peers?.notices;
  releasers.push('notices to other hubs', () => elsewhere?.close());
  const leads = (): boolean => state.leader.leads;
  const notices = new Notices({ clock, log, registry, spreads, elsewhere, newId: randomUUID, leads, store });
  releasers.push('notices', () => notices.close());
  exposeNotices(metrics, notices);
  return { notices, spreads };
}
