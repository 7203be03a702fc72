import type { ComponentChildren } from 'preact';
import { twinStates } from '../../../../schemas/twin/twin-states.ts';
import { twinWords } from '../twins/twin-state-badge.tsx';
import { setQuery } from '../router.ts';
import type { Choices, Filters } from './fleet-view.ts';

interface FilterBarProps {
  filters: Filters;
  choices: Choices;
  /** Devices that match. */
  shown: number;
  of: number;
  /** Beside the count. */
  children?: ComponentChildren;
}

/** Search and filters. They are part of the address, so that a view can be shared. */
export function FilterBar({ filters, choices, shown, of, children }: FilterBarProps) {
  const { q, type, site, label, twin, firmware } = filters;
  const any = Object.values(filters).some((value) => value !== '');
  return (
    <form class="filters" role="search" aria-label="Devices" onSubmit={(event) => event.preventDefault()}>
      <input
        class="input search"
        type="search"
        aria-label="Search by words and conditions"
        placeholder="north fw<2.4 battery<2.8 state:offline"
        value={q}
        onInput={({ currentTarget }) => setQuery({ q: currentTarget.value })}
      />
      <Choice name="type" word="type" value={type} from={choices.types} />
      <Choice name="site" word="site" value={site} from={choices.sites} />
      {choices.labels.length > 0 && <Choice name="label" word="label" value={label} from={choices.labels} />}
      {choices.firmwares.length > 0 && (
        <Choice name="firmware" word="firmware" value={firmware} from={choices.firmwares} />
      )}
      {choices.twins && (
        <select
          class="input choice"
          aria-label="Filter by settings"
          value={twin}
          onChange={({ currentTarget }) => setQuery({ twin: currentTarget.value })}
        >
          <option value="">Any settings</option>
          {twinStates.map((each) => (
            <option key={each} value={each}>
              Settings: {twinWords[each]}
            </option>
          ))}
        </select>
      )}
      <p class="quiet filters-count" aria-live="polite">
        {any ? `${shown.toLocaleString()} of ${of.toLocaleString()}` : `${of.toLocaleString()} devices`}
      </p>
      {children}
      {any && (
        <button
          type="button"
          class="button small"
          onClick={() => setQuery(Object.fromEntries(Object.keys(filters).map((name) => [name, ''])))}
        >
          Clear filters
        </button>
      )}
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
      aria-label={`Filter by ${word}`}
      value={value}
      onChange={({ currentTarget }) => setQuery({ [name]: currentTarget.value })}
    >
      <option value="">Any {word}</option>
      {known.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}
