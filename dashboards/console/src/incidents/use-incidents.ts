import { useState } from 'preact/hooks';
import type { Incident } from '../../../../schemas/api/incidents.ts';
import { ask } from '../api.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';

/** Incidents, newest first, live. */
export function useIncidents(): { incidents: readonly Incident[]; fault: unknown; reload: () => void } {
  const load = useLoad((signal) => ask('GET /api/v1/incidents', { signal }), []);
  const [live, setLive] = useState<ReadonlyMap<string, Incident>>(new Map());
  useLive('incidents', {
    message(message) {
      if (message.t !== 'incident') return;
      const { incident } = message;
      setLive((old) => new Map(old).set(incident.id, incident));
    },
    watching: load.reload,
  });
  const { state, reload } = load;
  const loaded = state.kind === 'loaded' ? state.value.incidents : [];
  return {
    incidents: merged(loaded, live),
    fault: state.kind === 'failed' ? state.error : undefined,
    reload,
  };
}

/** Newest first; what the feed sent is newer than what was loaded. */
function merged(loaded: readonly Incident[], live: ReadonlyMap<string, Incident>): Incident[] {
  const all = new Map(loaded.map((incident) => [incident.id, incident]));
  for (const [id, incident] of live) all.set(id, incident);
  return [...all.values()].toSorted((a, b) => b.sinceMs - a.sinceMs);
}
