interface UnclearProps {
  readonly message: string;
  readonly onAgain: () => void;
  readonly onAnew: () => void;
}

/** The request may have arrived, or not. */
export function Unclear({ message, onAgain, onAnew }: UnclearProps) {
  return (
    <section class="command-form" role="alert">
      <h3>No answer from the hub</h3>
      <p>{message}</p>
      <p>
        It may have arrived, or not. Asking again is safe: it has the same key, so it cannot be done twice.
      </p>
      <div class="actions">
        <button type="button" class="button primary" onClick={onAgain}>
          Ask again
        </button>
        <button type="button" class="button" onClick={onAnew}>
          Leave it, and begin another
        </button>
      </div>
    </section>
  );
}
