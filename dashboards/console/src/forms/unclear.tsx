import { texts } from '../texts/texts.ts';
interface UnclearProps {
  readonly message: string;
  readonly onAgain: () => void;
  readonly onAnew: () => void;
}

/** Shown when it is unknown whether the request arrived. */
export function Unclear({ message, onAgain, onAnew }: UnclearProps) {
  return (
    <section class="command-form" role="alert">
      <h3>{texts.forms.noAnswerFromTheHub}</h3>
      <p>{message}</p>
      <p>{texts.forms.requestMayOrMayNot}</p>
      <div class="actions">
        <button type="button" class="button primary" onClick={onAgain}>
          {texts.forms.tryAgain}
        </button>
        <button type="button" class="button" onClick={onAnew}>
          {texts.forms.discardAndStartOver}
        </button>
      </div>
    </section>
  );
}
