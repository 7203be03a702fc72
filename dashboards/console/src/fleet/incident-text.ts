import type { Scope } from '../../../../hub/incidents/correlated-loss.ts';

/** Several devices in trouble for one reason, as the API lists them. */
export interface IncidentView {
  id: string;
  kind: 'cloned-credential' | 'flapping' | 'correlated-loss';
  state: 'open' | 'closed';
  /** Unix ms. */
  sinceMs: number;
  untilMs?: number;
  /** What the devices have in common, of a correlated loss. */
  scope?: Scope;
  /** How many devices it affects. */
  devices: number;
  /** Some of them. */
  sample: readonly string[];
}

/** What happened, in a sentence. */
export function incidentText({ kind, devices, scope }: IncidentView): string {
  switch (kind) {
    case 'cloned-credential':
      return 'Two devices share one ID and secret.';
    case 'flapping':
      return 'Device connects and disconnects repeatedly (flapping).';
    case 'correlated-loss':
      return scope === undefined
        ? `${devices} devices disconnected together.`
        : `${devices} devices disconnected together: ${commonalities[scope.by]} ${scope.value}.`;
  }
}

const commonalities: Record<Scope['by'], string> = {
  site: 'all at site',
  address: 'all behind address',
  firmware: 'all on firmware',
};
