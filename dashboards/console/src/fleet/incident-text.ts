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
  /** How many devices it is about. */
  devices: number;
  /** Some of them. */
  sample: readonly string[];
}

/** What happened, in a sentence. */
export function incidentText({ kind, devices, scope }: IncidentView): string {
  switch (kind) {
    case 'cloned-credential':
      return 'Two devices use one id and secret and keep replacing each other.';
    case 'flapping':
      return 'A device comes and goes again and again.';
    case 'correlated-loss':
      return scope === undefined
        ? `${devices} devices were lost together.`
        : `${devices} devices were lost together: ${commonalities[scope.by]} ${scope.value}.`;
  }
}

const commonalities: Record<Scope['by'], string> = {
  site: 'all of the site',
  address: 'all behind the address',
  firmware: 'all with the firmware',
};
