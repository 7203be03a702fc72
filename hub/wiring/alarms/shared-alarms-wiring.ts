import type { AlarmFollower } from '../../alarms/alarm-follower.ts';
import type { Alarms } from '../../alarms/alarms.ts';
import { SharedAlarms } from '../../alarms/shared-alarms.ts';
import type { Silences } from '../../alarms/silences.ts';
import type { Webhooks } from '../../alarms/webhooks.ts';
import type { Mail } from '../../cluster/mail.ts';
import type { Followers } from '../../kernel/followers.ts';
import type { HubContext } from '../context.ts';
import type { HubState } from '../state-wiring.ts';

interface Deps {
  state: HubState;
  mail: Mail | undefined;
  alarms: Alarms;
  silences: Silences;
  webhooks: Webhooks;
  followers: Followers<AlarmFollower>;
  readDeliveries: () => Promise<void>;
}

const newsMs = 1_000;

/**
 * Reads from now on what other hubs change of alarms, silences and webhooks, and what they owe those. There is nothing to read for a hub that is alone.
 * @returns called when another hub says that there is something
 */
export async function shareAlarms(hub: HubContext, deps: Deps): Promise<() => Promise<void>> {
  const { clock, releasers } = hub;
  const { mail, state, followers } = deps;
  if (state.shared === undefined || mail === undefined) return () => Promise.resolve();
  const sharing = new SharedAlarms({
    ...hub,
    ...deps,
    store: state.shared.stores.alarmNews,
    writeChanged: () => mail.sendAll('alarmed', {}),
  });
  followers.follow(sharing);
  const readNews = async (): Promise<void> => {
    await sharing.readNews();
    await deps.readDeliveries();
  };
  await readNews();
  const stop = clock.every(newsMs, () => void readNews());
  releasers.push('alarms of other hubs', () => {
    stop();
    sharing.close();
  });
  return readNews;
}
