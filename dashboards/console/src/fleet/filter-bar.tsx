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
}

/** Search and filters. They are part of the address, so that a view can be shared. */
export function FilterBar({ filters, choices, shown, of }: FilterBarProps) {
  const { q, type, site, label, state, twin } = filters;
  const any = q !== '' || type !== '' || site !== '' || label !== '' || state !== '' || twin !== '';
  return (
    <form class="filters" role="search" aria-label="Devices" onSubmit={(event) => event.preventDefault()}>
      <input
        class="input search"
        type="search"
        aria-label="Search by id, type, site or label"
        placeholder="Search id, type, site, label"
        value={q}
        onInput={({ currentTarget }) => setQuery({ q: currentTarget.value })}
      />
      <Choice name="type" word="type" value={type} from={choices.types} />
      <Choice name="site" word="site" value={site} from={choices.sites} />
      {choices.labels.length > 0 && <Choice name="label" word="label" value={label} from={choices.labels} />}
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
      {any && (
        <button
          type="button"
          class="button small"
          onClick={() => setQuery({ q: '', type: '', site: '', label: '', state: '', twin: '' })}
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
