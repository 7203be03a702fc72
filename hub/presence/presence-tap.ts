import type { Tap } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import { presenceOfPayload } from './presence-payload.ts';
import type { PresenceAnnouncer } from './presence-announcer.ts';
import type { PresenceKeeper } from './presence-keeper.ts';

export interface PresenceTapDeps {
  topics: Topics;
  keeper: Pick<PresenceKeeper, 'heardOf' | 'get'>;
  announcer: Pick<PresenceAnnouncer, 'repeat'>;
}

/**
 * What other hubs publish of devices. A hub that was cut off or stood still may publish what was true once, after the hub that has
 * the device now has published: that one says it again, so that the retained state is the truth.
 */
export function presenceTap({ topics, keeper, announcer }: PresenceTapDeps): Tap {
  return {
    filter: topics.presenceFilter,
    takes: (topic) => topics.presenceOf(topic) !== undefined,
    take(topic, payload) {
      const device = topics.presenceOf(topic);
      const presence = presenceOfPayload(payload);
      if (device === undefined || presence === undefined) return;
      if (keeper.heardOf(device, presence) === 'outdated') announcer.repeat([[device, keeper.get(device)]]);
    },
  };
}
