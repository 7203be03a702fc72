import type { ComponentChildren } from 'preact';
import { twinStates } from '../../../../schemas/twin/twin-states.ts';
import { texts } from '../texts/texts.ts';
import { twinWords } from '../twins/twin-state-badge.tsx';
import { setQuery } from '../router.ts';
import type { Choices, Filters } from './fleet-view.ts';

interface FilterBarProps {
  filters: Filters;
  choices: Choices;
  /** Devices that match. */
  shown: number;
  of: number;
  /** At the end, beside the count. */
  children?: ComponentChildren;
}

/** Search and filters. They are part of the address, so that a view can be shared. */
export function FilterBar({ filters, choices, shown, of, children }: FilterBarProps) {
  const { q, type, site, label, twin, firmware } = filters;
  const any = Object.values(filters).some((value) => value !== '');
  return (
    <form
      class="filters"
      role="search"
      aria-label={texts.common.devices}
      onSubmit={(event) => event.preventDefault()}
    >
      <input
        class="input search"
        type="search"
        aria-label={texts.fleet.searchByWordsAndConditions}
        placeholder={texts.fleet.searchExample}
        value={q}
        onInput={({ currentTarget }) => setQuery({ q: currentTarget.value })}
      />
      <Choice name="type" word={texts.fleet.choiceWords.type} value={type} from={choices.types} />
      <Choice name="site" word={texts.fleet.choiceWords.site} value={site} from={choices.sites} />
      {choices.labels.length > 0 && (
        <Choice name="label" word={texts.fleet.choiceWords.label} value={label} from={choices.labels} />
      )}
      {choices.firmwares.length > 0 && (
        <Choice
          name="firmware"
          word={texts.fleet.choiceWords.firmware}
          value={firmware}
          from={choices.firmwares}
        />
      )}
      {choices.twins && (
        <select
          class="input choice"
          aria-label={texts.fleet.filterBySettings}
          value={twin}
          onChange={({ currentTarget }) => setQuery({ twin: currentTarget.value })}
        >
          <option value="">{texts.fleet.anySettings}</option>
          {twinStates.map((each) => (
            <option key={each} value={each}>
              {texts.fleet.settingsEach(twinWords[each])}
            </option>
          ))}
        </select>
      )}
      <div class="filters-end">
        <p class="quiet filters-count" aria-live="polite">
          {any ? texts.common.partOf(shown, of) : texts.counts.devices(of)}
        </p>
        {any && (
          <button
            type="button"
            class="button small"
            onClick={() => setQuery(Object.fromEntries(Object.keys(filters).map((name) => [name, ''])))}
          >
            {texts.fleet.clearFilters}
          </button>
        )}
        <div class="filters-tools">{children}</div>
      </div>
    </form>
  );
}

interface ChoiceProps {
  name: string;
  word: string;
  value: string;
  from: readonly string[];
}

function Choice({ name, word, value, from }: ChoiceProps) {
  const known = value === '' || from.includes(value) ? from : [value, ...from];
  return (
    <select
      class="input choice"
      aria-label={texts.fleet.filterByWord(word)}
      value={value}
      onChange={({ currentTarget }) => setQuery({ [name]: currentTarget.value })}
    >
      <option value="">{texts.fleet.anyWord(word)}</option>
      {known.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}
