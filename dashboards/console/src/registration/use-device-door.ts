import { ask } from '../api.ts';
import { mayAs } from '../session.ts';
import { useLoad } from '../use-load.ts';
import { doorOf, type DeviceDoor } from './device-door.ts';

/** For this page; only an administrator may read how the hub is set up. */
export function useDeviceDoor(): DeviceDoor {
  const { state } = useLoad(
    async (signal) => (mayAs('admin') ? (await ask('GET /api/v1/hub/config', { signal })).settings : []),
    [],
  );
  return doorOf(state.kind === 'loaded' ? state.value : [], location.hostname);
}
