import { useEffect, useId, useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Dialog } from '../components/dialog.tsx';
import { goTo } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { findable, matching, type Findable } from './findable.ts';

/** How many devices are offered. */
const mostDevices = 8;
/** Typing goes on for this long before devices are asked for, ms. */
const restMs = 150;

/** Ctrl-K on every page: finds devices, pages and actions. */
export function Finder() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (
        event.key.toLowerCase() !== 'k' ||
        !(event.ctrlKey || event.metaKey) ||
        event.shiftKey ||
        event.altKey
      )
        return;
      event.preventDefault();
      setOpen((now) => !now);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <button type="button" class="finder-button" onClick={() => setOpen(true)}>
        {texts.shell.findKbd(<kbd>{texts.shell.ctrlK}</kbd>)}
      </button>
      {open && (
        <Dialog title={texts.shell.find} onClose={() => setOpen(false)}>
          <Choices onChosen={() => setOpen(false)} />
        </Dialog>
      )}
    </>
  );
}

function Choices({ onChosen }: { onChosen: () => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = [...matching(findable(), text), ...useDevices(text.trim())];
  const choose = (one: Findable | undefined): void => {
    if (one === undefined) return;
    onChosen();
    goTo(one.to);
  };
  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
  return (
    <div class="finder">
      <input
        type="text"
        class="input"
        role="combobox"
        aria-label={texts.shell.devicePageOrAction}
        aria-expanded={found.length > 0}
        aria-controls={id}
        aria-activedescendant={found.length === 0 ? undefined : `${id}-${at}`}
        autocomplete="off"
        spellcheck={false}
        // The dialog gives the focus to what asks for it.
        autofocus
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const step = steps[event.key];
          if (event.key === 'Enter') choose(found[at]);
          else if (step !== undefined && found.length > 0) {
            event.preventDefault();
            setAt((at + step + found.length) % found.length);
          }
        }}
      />
      <ul id={id} role="listbox" aria-label={texts.shell.whatWasFound}>
        {found.map((one, index) => (
          <li
            key={`${one.kind} ${one.word}`}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            onClick={() => choose(one)}
          >
            {one.word} <span class="quiet">{one.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="quiet">{texts.shell.nothingIsCalledThat}</p>}
    </div>
  );
}

/** Devices that mention the text, once typing rests. */
function useDevices(text: string): readonly Findable[] {
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), restMs);
    return () => clearTimeout(timer);
  }, [text]);
  const { state } = useLoad(
    async (signal) =>
      asked === ''
        ? []
        : (await ask('GET /api/v1/devices', { query: { q: asked, limit: mostDevices }, signal })).devices,
    [asked],
  );
  if (state.kind !== 'loaded') return [];
  return state.value.map(({ id, site }) => ({
    kind: texts.shell.deviceAtSite(site),
    word: id,
    to: `/devices/${encodeURIComponent(id)}`,
  }));
}
