import { useLayoutEffect, useState } from 'preact/hooks';
import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { ask } from '../api.ts';
import { useLive } from '../use-live.ts';

/** Seconds of history that are kept. */
export const keptSec = 120;

/** The hub, each second, oldest first; with what the last question for it failed with. */
export function useHub(): { course: readonly HubSnapshot[]; fault: unknown; load: () => void } {
  const [course, setCourse] = useState<readonly HubSnapshot[]>([]);
  const [fault, setFault] = useState<unknown>();
  const add = (next: HubSnapshot): void => {
    setFault(undefined);
    setCourse((before) => [...before, next].slice(-keptSec));
  };
  const load = (): void => void ask('GET /api/v1/hub', {}).then(add, setFault);
  // The live feed brings all of it each second, so that nothing has to be loaded again when it comes back.
  useLayoutEffect(load, []);
  useLive('hub', {
    message: (message) => {
      if (message.t === 'hub') add(message);
    },
  });
  return { course, fault, load };
}
