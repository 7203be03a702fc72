import type { Incident, Scope } from '../../../../schemas/api/incidents.ts';

import { countOf, countWords } from '../number-words.ts';

/** What happened, in a sentence. */
export function incidentText({ kind, devices, scope, of, limit, subject = '' }: Incident): string {
  switch (kind) {
    case 'cloned-credential':
      return 'Two devices share one ID and secret.';
    case 'flapping':
      return 'Device connects and disconnects repeatedly (flapping).';
    case 'correlated-loss':
      return `${of === undefined ? '' : `${countWords(devices)} of `}${countOf(of ?? devices, 'device')}${scope === undefined ? '' : ` ${commonalities[scope.by]} ${scope.value}`} disconnected together.`;
    case 'schedule-refused':
      return `Schedule ${subject} was refused at its last times.`;
    case 'shared-topics':
      return `Another hub (${subject}) uses the same MQTT topics: give each hub its own HUB_MQTT_ROOT.`;
    case 'connections-cut':
      return `Connections from ${subject} are being cut: it holds ${limit === undefined ? 'as many as one address may' : `the limit of ${countWords(limit)}`}.`;
  }
}

const commonalities: Record<Scope['by'], string> = {
  site: 'at site',
  address: 'behind address',
  firmware: 'on firmware',
};
