import { useEffect, useRef } from 'preact/hooks';
import type { LiveMessage, LiveTopic } from '../../../schemas/api/live.ts';
import { watch } from './live.ts';

/**
 * Watches a topic for as long as the component is there.
 * @param on as `Watcher` has it; the functions of the latest rendering are called
 */
export function useLive(
  topic: LiveTopic,
  on: { message?: (message: LiveMessage) => void; watching?: () => void },
): void {
  const latest = useRef(on);
  latest.current = on;
  useEffect(
    () =>
      watch(topic, {
        message: (message) => latest.current.message?.(message),
        watching: () => latest.current.watching?.(),
      }),
    [topic],
  );
}
