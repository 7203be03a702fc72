interface UnclearProps {
  readonly message: string;
  readonly onAgain: () => void;
  readonly onAnew: () => void;
}

/** Shown when it is unknown whether the request arrived. */
export function Unclear({ message, onAgain, onAnew }: UnclearProps) {
  return (
    <section class="command-form" role="alert">
      <h3>No answer from the hub</h3>
      <p>{message}</p>
      <p>
        The request may or may not have arrived. Trying again is safe: it has the same ID, so the command
        cannot run twice.
      </p>
      <div class="actions">
        <button type="button" class="button primary" onClick={onAgain}>
          Try again
        </button>
        <button type="button" class="button" onClick={onAnew}>
          Discard and start over
        </button>
      </div>
    </section>
  );
}
