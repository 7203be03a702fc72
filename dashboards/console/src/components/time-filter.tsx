import { setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { Field } from './field.tsx';

/** As `<input type="datetime-local">` writes them, in the viewer's zone; empty: no bound. */
interface TimeFilterProps {
  readonly from: string;
  readonly to: string;
}

/** Filters `from` and `to` of the address: the times between which the lines of a list are. */
export function TimeFilter(times: TimeFilterProps) {
  return (['from', 'to'] as const).map((name) => (
    <Field key={name} label={name === 'from' ? texts.common.from : texts.common.to}>
      {(control) => (
        <input
          {...control}
          type="datetime-local"
          value={times[name]}
          onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  ));
}
