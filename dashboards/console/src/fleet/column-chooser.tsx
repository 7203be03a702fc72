import { setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { fixedKeys } from './columns.tsx';

interface ColumnChooserProps {
  keys: readonly string[];
  /** Fields of readings that there are. */
  fields: readonly string[];
}

/** Which columns the list has; they are part of the address. */
export function ColumnChooser({ keys, fields }: ColumnChooserProps) {
  const offers = [
    ...fixedKeys
      .slice(2)
      .map((key) => [
        key,
        key === 'data' ? texts.fleet.lastDataInText : key === 'since' ? texts.fleet.stateSinceInText : key,
      ]),
    ...fields.map((field) => [`value:${field}`, field]),
  ] as [string, string][];
  const toggle = (key: string, on: boolean): void => {
    const next = on ? [...keys, key] : keys.filter((each) => each !== key);
    const isDefault = next.length === fixedKeys.length && next.every((each) => fixedKeys.includes(each));
    setQuery({ cols: isDefault ? '' : next.join(',') });
  };
  return (
    <details class="chooser">
      <summary class="button small">{texts.fleet.columns}</summary>
      <div class="chooser-list">
        {offers.map(([key, word], at) => (
          <label key={key} class={at === fixedKeys.length - 2 ? 'check chooser-first' : 'check'}>
            <input
              type="checkbox"
              checked={keys.includes(key)}
              onChange={({ currentTarget }) => toggle(key, currentTarget.checked)}
            />
            {word}
          </label>
        ))}
      </div>
    </details>
  );
}
