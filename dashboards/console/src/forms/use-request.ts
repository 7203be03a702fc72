import { useRef, useState } from 'preact/hooks';

export interface Request {
  /** No answer yet. */
  busy: boolean;
  /** What the last one failed with. */
  error: unknown;
  run: <Answer>(request: () => Promise<Answer>, done: (answer: Answer) => void) => Promise<void>;
  /** Forgets the error. */
  clear: () => void;
}

/** The request of a form: one at a time, and what it failed with. */
export function useRequest(): Request {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const running = useRef(false);
  return {
    busy,
    error,
    async run(request, done) {
      if (running.current) return;
      running.current = true;
      setBusy(true);
      setError(undefined);
      try {
        done(await request());
      } catch (fault) {
        setError(fault);
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
    clear: () => setError(undefined),
  };
}
