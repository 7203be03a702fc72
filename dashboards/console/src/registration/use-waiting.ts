import { ask } from '../api.ts';
import { mayAs } from '../session.ts';
import { useRepeatedLoad } from '../use-load.ts';

/** How often devices that wait are looked for on the other pages, ms. */
const refreshMs = 15_000;

/** How many devices wait for an administrator's approval; 0 for everybody else. */
export function useWaiting(): number {
  const isAdmin = mayAs('admin');
  const { state } = useRepeatedLoad(
    async (signal) => (isAdmin ? (await ask('GET /api/v1/enrolments', { signal })).requests : []),
    [isAdmin],
    () => (isAdmin ? refreshMs : undefined),
  );
  return state.kind === 'loaded' ? state.value.filter(({ approved }) => !approved).length : 0;
}
