import { texts } from '../texts/texts.ts';
import { say } from './status-region.tsx';

/** A text that is shown once, to be copied. */
export function CopyText({ text, label }: { text: string; label: string }) {
  return (
    <span class="copy-text">
      <code>{text}</code>
      <CopyButton text={text} label={label} />
    </span>
  );
}

/** @param label what is copied, such as `the secret` */
export function CopyButton({ text, label }: { text: string; label: string }) {
  return (
    <button
      type="button"
      class="button small"
      aria-label={texts.shared.copyLabel(label)}
      onClick={() =>
        void copy(text).then(
          () => say('done', texts.shared.copiedLabel(label)),
          () => say('fault', texts.shared.browserDidNotAllowCopying),
        )
      }
    >
      {texts.shared.copy}
    </button>
  );
}

/** Pages without TLS have no `navigator.clipboard`. */
async function copy(text: string): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) throw new Error('no clipboard');
  await clipboard.writeText(text);
}
