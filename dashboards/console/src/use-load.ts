import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** What became of a request. While it is asked again, the last value stays. */
export type Load<Value> =
  { kind: 'loading' } | { kind: 'failed'; error: unknown } | { kind: 'loaded'; value: Value };

/**
 * Loads something when the component comes, when `inputs` change, and on `reload()`; an answer that was
 * overtaken is dropped, its request aborted.
 */
export function useLoad<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  inputs: readonly unknown[],
): { state: Load<Value>; reload: () => void } {
  const [state, setState] = useState<Load<Value>>({ kind: 'loading' });
  const running = useRef<AbortController>(undefined);
  const latest = useRef(load);
  latest.current = load;

  const reload = useCallback(() => {
    running.current?.abort();
    const own = new AbortController();
    running.current = own;
    latest.current(own.signal).then(
      (value) => own.signal.aborted || setState({ kind: 'loaded', value }),
      (error: unknown) => own.signal.aborted || setState({ kind: 'failed', error }),
    );
  }, []);

  useEffect(() => {
    setState({ kind: 'loading' });
    reload();
    return () => running.current?.abort();
  }, inputs);

  return { state, reload };
}
