import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { useLive } from '../use-live.ts';

/** Changes that come together are one question. */
const togetherMs = 1_000;

/** How many alarms nobody has acknowledged, silenced ones left out; undefined: not known yet. Live. */
export function useOpenAlarms(): number | undefined {
  const [count, setCount] = useState<number>();
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const load = (): void => {
    waiting.current = undefined;
    ask('GET /api/v1/alarms', { query: { state: 'raised', silenced: 'without', limit: 1 } }).then(
      ({ counts }) => setCount(counts.raised),
      // The mark of the live feed says that the hub is away.
      () => setCount(undefined),
    );
  };
  useLive('alarms', {
    message: () => {
      waiting.current ??= setTimeout(load, togetherMs);
    },
    watching: load,
  });
  useEffect(() => () => clearTimeout(waiting.current), []);
  return count;
}
