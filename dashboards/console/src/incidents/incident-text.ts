import type { Incident, Scope } from '../../../../schemas/api/incidents.ts';

import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';

/** What happened, in a sentence. */
export function incidentText({ kind, devices, scope, of, limit, subject = '' }: Incident): string {
  switch (kind) {
    case 'cloned-credential':
      return texts.incidents.twoDevicesShareOneId;
    case 'flapping':
      return texts.incidents.deviceConnectsAndDisconnectsRepeatedly;
    case 'correlated-loss': {
      const counted =
        of === undefined
          ? texts.counts.devices(devices)
          : texts.common.partOf(devices, texts.counts.devices(of));
      return scope === undefined
        ? texts.incidents.disconnectedTogether(counted)
        : disconnectedTogetherAt[scope.by](counted, scope.value);
    }
    case 'schedule-refused':
      return texts.incidents.scheduleWasRefused(subject);
    case 'shared-topics':
      return texts.incidents.anotherHubUsesTheSame(subject);
    case 'hub-lost':
      return texts.incidents.hubIsLost(subject);
    case 'connections-cut':
      return limit === undefined
        ? texts.incidents.connectionsFromAreBeingCut(subject)
        : texts.incidents.connectionsAtTheLimitAreBeingCut(subject, countWords(limit));
  }
}

const disconnectedTogetherAt: Record<Scope['by'], (devices: string, value: string) => string> =
  texts.incidents.disconnectedTogetherAt;
