import { useMemo } from 'preact/hooks';
import type { DeviceDetails } from '../../../../../schemas/api/devices.ts';
import { ask } from '../../api.ts';
import { useLive } from '../../use-live.ts';
import { useLoad } from '../../use-load.ts';
import { marksOf, type Mark } from './marks.ts';
import { spanOf, type Range } from './ranges.ts';

/** Marks that are drawn at most, of each kind. */
const most = 50;
const none: readonly Mark[] = [];

/** Alarms, commands and firmware of the device in the time that is shown, live. */
export function useMarks({ id }: DeviceDetails, range: Range, until: string | null): readonly Mark[] {
  const load = useLoad(
    async (signal) => {
      const { fromMs, toMs } = spanOf(range, until, Date.now());
      const [{ commands }, { alarms }, { updates }] = await Promise.all([
        ask('GET /api/v1/commands', {
          query: { device: id, fromMs: Math.floor(fromMs), limit: most },
          signal,
        }),
        ask('GET /api/v1/alarms', { query: { device: id, silenced: 'with', limit: most }, signal }),
        ask('GET /api/v1/devices/{id}/updates', { params: { id }, query: {}, signal }),
      ]);
      return marksOf({ commands, alarms, updates }).filter(
        ({ timeMs }) => timeMs >= fromMs && timeMs <= Math.max(toMs, Date.now()),
      );
    },
    [id, range.key, until],
  );
  useLive('commands', {
    message(message) {
      if (message.t === 'command' && message.command.device === id) load.reload();
    },
  });
  useLive('alarms', {
    message(message) {
      if (message.t === 'alarm' && message.alarm.device === id) load.reload();
    },
  });
  const { state } = load;
  return useMemo(() => (state.kind === 'loaded' ? state.value : none), [state]);
}
