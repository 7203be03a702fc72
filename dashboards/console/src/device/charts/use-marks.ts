import { useMemo } from 'preact/hooks';
import type { DeviceDetails } from '../../../../../schemas/api/devices.ts';
import { ApiError, ask } from '../../api.ts';
import { useCommandWords } from '../../commands/command-names.ts';
import { useLive } from '../../use-live.ts';
import { useRepeatedLoad } from '../../use-load.ts';
import { marksOf, mostMarks, type Mark } from './marks.ts';
import { spanOf, type Range } from './ranges.ts';

/** Changes of presence that are looked at: a device that is suspect again and again has many. */
const mostChanges = 1_000;
/** Until what happened is asked for again, ms. */
const refreshMs = 15_000;
const none: readonly Mark[] = [];

/** Alarms, commands, firmware, events and presence of the device in the time that is shown, live. */
export function useMarks({ id }: DeviceDetails, range: Range, until: string | null): readonly Mark[] {
  const wordsOf = useCommandWords();
  const load = useRepeatedLoad(
    async (signal) => {
      const { fromMs, toMs } = spanOf(range, until, Date.now());
      const span = { fromMs: Math.floor(fromMs), toMs: Math.ceil(toMs) };
      const [{ commands }, { alarms }, { updates }, { events }, { changes }] = await Promise.all([
        ask('GET /api/v1/commands', {
          query: { device: id, fromMs: Math.floor(fromMs), limit: mostMarks },
          signal,
        }),
        ask('GET /api/v1/alarms', { query: { device: id, silenced: 'with', limit: mostMarks }, signal }),
        ask('GET /api/v1/devices/{id}/updates', { params: { id }, query: {}, signal }),
        stored(
          ask('GET /api/v1/devices/{id}/events', {
            params: { id },
            query: { ...span, limit: mostMarks },
            signal,
          }),
          { events: [] },
        ),
        stored(
          ask('GET /api/v1/devices/{id}/presence', {
            params: { id },
            query: { ...span, limit: mostChanges },
            signal,
          }),
          { changes: [], stateBefore: null },
        ),
      ]);
      const happened = { commands, alarms, updates, events, presence: changes };
      // What happened while this was asked belongs to a chart that ends now, not to one of the past.
      return { happened, fromMs, toMs: until === null ? Date.now() : toMs };
    },
    [id, range.key, until],
    // The live feed has no events.
    () => (until === null ? refreshMs : undefined),
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
  return useMemo(() => {
    if (state.kind !== 'loaded') return none;
    const { happened, fromMs, toMs } = state.value;
    return marksOf({ ...happened, wordsOf }).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
  }, [state, wordsOf]);
}

/** What the metrics store has; the other marks are shown without it too. */
async function stored<Answer>(asked: Promise<Answer>, otherwise: Answer): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError) return otherwise;
    throw error;
  }
}
