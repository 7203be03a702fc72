import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { goTo } from '../router.ts';
import { texts } from '../texts/texts.ts';

/** A name for an address of the list: filters, order and columns. */
interface View {
  readonly name: string;
  readonly search: string;
}

const key = 'device-views';
const most = 50;
const views = signal<readonly View[]>(stored());

/** Views that were saved in this browser, to go to; and the one that is shown, to save. */
export function SavedViews() {
  const [name, setName] = useState('');
  const save = (): void => {
    const others = views.value.filter((view) => view.name !== name.trim());
    keep([{ name: name.trim(), search: location.search }, ...others].slice(0, most));
    setName('');
  };
  return (
    <details class="chooser">
      <summary class="button small">{texts.fleet.views}</summary>
      <div class="chooser-list">
        {views.value.map(({ name: each, search }) => (
          <p key={each} class="saved-view">
            <button type="button" class="link-button" onClick={() => goTo(`/devices${search}`)}>
              {each}
            </button>
            <button
              type="button"
              class="icon-button"
              aria-label={texts.fleet.forgetTheView(each)}
              onClick={() => keep(views.value.filter((view) => view.name !== each))}
            >
              ×
            </button>
          </p>
        ))}
        <form
          class="saved-view"
          aria-label={texts.fleet.saveThisView}
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== '') save();
          }}
        >
          <input
            class="input"
            aria-label={texts.fleet.nameOfThisView}
            placeholder={texts.fleet.saveThisViewAs}
            maxLength={40}
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
          <button type="submit" class="button small">
            {texts.fleet.save}
          </button>
        </form>
        <p class="hint">{texts.fleet.keptInThisBrowser}</p>
      </div>
    </details>
  );
}

function keep(next: readonly View[]): void {
  views.value = next;
  localStorage.setItem(key, JSON.stringify(next));
}

/** What is not as it was saved, because somebody wrote something else there, is left out. */
function stored(): View[] {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? '[]') as unknown;
    if (!Array.isArray(kept)) return [];
    return (kept as Partial<View>[]).flatMap(({ name, search }) =>
      typeof name === 'string' && typeof search === 'string' ? [{ name, search }] : [],
    );
  } catch {
    return [];
  }
}
