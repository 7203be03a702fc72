/** Placeholders for data that is still loading, does not exist, or could not be loaded. */
import type { ComponentChildren } from 'preact';
import { messageOf } from '../api.ts';
import { texts } from '../texts/texts.ts';
import type { Load } from '../use-load.ts';

export function Loading({ what }: { what: string }) {
  return (
    <p class="state state-loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {texts.shared.loadingWhat(what)}
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state state-empty">
      <p class="state-title">{title}</p>
      {children}
    </div>
  );
}

export function Failed({ what, error, retry }: { what: string; error: unknown; retry?: () => void }) {
  return (
    <div class="state state-failed" role="alert">
      <p class="state-title">{texts.shared.couldNotLoad(what)}</p>
      <p>{messageOf(error)}</p>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          {texts.shared.tryAgain}
        </button>
      )}
    </div>
  );
}

/** Shows what was loaded, or why it is not there. */
export function Loaded<Value>(props: {
  load: { state: Load<Value>; reload: () => void };
  /** Such as `the commands`. */
  what: string;
  children: (value: Value) => ComponentChildren;
}) {
  const { load, what, children } = props;
  switch (load.state.kind) {
    case 'loading':
      return <Loading what={what} />;
    case 'failed':
      return <Failed what={what} error={load.state.error} retry={load.reload} />;
    case 'loaded':
      return <>{children(load.state.value)}</>;
  }
}
