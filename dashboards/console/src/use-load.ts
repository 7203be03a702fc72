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

/** Until something that could not be loaded is asked for again, ms. */
const failedAgainMs = 5_000;

/**
 * As `useLoad`, and again after each answer for as long as `againMs` says so. For what the live feed does not carry.
 * @param againMs ms from an answer to the next question; undefined: it changes no more
 */
export function useRepeatedLoad<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  inputs: readonly unknown[],
  againMs: (value: Value) => number | undefined,
): { state: Load<Value>; reload: () => void } {
  const { state, reload } = useLoad(load, inputs);
  useEffect(() => {
    if (state.kind === 'loading') return undefined;
    const ms = state.kind === 'failed' ? failedAgainMs : againMs(state.value);
    if (ms === undefined) return undefined;
    const timer = setTimeout(reload, ms);
    return () => clearTimeout(timer);
  }, [state]);
  return { state, reload };
}
