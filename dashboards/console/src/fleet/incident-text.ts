import type { Incident, Scope } from '../../../../schemas/api/incidents.ts';

/** What happened, in a sentence. */
export function incidentText({ kind, devices, scope, subject = '' }: Incident): string {
  switch (kind) {
    case 'cloned-credential':
      return 'Two devices share one ID and secret.';
    case 'flapping':
      return 'Device connects and disconnects repeatedly (flapping).';
    case 'correlated-loss':
      return scope === undefined
        ? `${devices} devices disconnected together.`
        : `${devices} devices disconnected together: ${commonalities[scope.by]} ${scope.value}.`;
    case 'schedule-refused':
      return `Schedule ${subject} was refused at its last times.`;
  }
}

const commonalities: Record<Scope['by'], string> = {
  site: 'all at site',
  address: 'all behind address',
  firmware: 'all on firmware',
};
