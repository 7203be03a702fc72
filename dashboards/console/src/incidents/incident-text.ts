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
    case 'correlated-loss':
      return texts.incidents.disconnectedTogether(
        of === undefined
          ? texts.counts.devices(devices)
          : texts.common.partOf(devices, texts.counts.devices(of)),
        scope === undefined ? '' : commonalities[scope.by](scope.value),
      );
    case 'schedule-refused':
      return texts.incidents.scheduleWasRefused(subject);
    case 'shared-topics':
      return texts.incidents.anotherHubUsesTheSame(subject);
    case 'connections-cut':
      return texts.incidents.connectionsFromAreBeingCut(
        subject,
        limit === undefined
          ? texts.incidents.asManyAsOneAddress
          : texts.incidents.theLimitOf(countWords(limit)),
      );
  }
}

const commonalities: Record<Scope['by'], (value: string) => string> = texts.incidents.commonalities;
