import { useState } from 'preact/hooks';
import { maxAcknowledged, type AlarmView } from '../../../../schemas/api/alarms.ts';
import { ask, messageOf } from '../api.ts';
import { Field } from '../components/field.tsx';
import { say } from '../components/status-region.tsx';
import { countOf } from '../number-words.ts';
import { nameOf } from './alarm-words.ts';

/** Says for the chosen alarms that somebody deals with them. */
export function Acknowledging({
  alarms,
  onDone,
}: {
  readonly alarms: readonly AlarmView[];
  readonly onDone: () => void;
}) {
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  async function acknowledge(): Promise<void> {
    setBusy(true);
    try {
      const body = { alarms: alarms.slice(0, maxAcknowledged).map(nameOf), ...(note === '' ? {} : { note }) };
      const { acknowledged, already, raisedAgain } = await ask('POST /api/v1/alarms/acknowledge', { body });
      const rest = [
        ...(already > 0 ? [`${already} before, by somebody else`] : []),
        ...(raisedAgain > 0
          ? [`${countOf(raisedAgain, 'alarm')} raised again meanwhile: look once more`]
          : []),
      ];
      say('done', [`${countOf(acknowledged, 'alarm')} acknowledged`, ...rest].join('; '));
      setNote('');
      onDone();
    } catch (error) {
      say('fault', messageOf(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form
      class="acknowledging"
      aria-label="Acknowledge"
      onSubmit={(event) => {
        event.preventDefault();
        void acknowledge();
      }}
    >
      <Field label="Note for the others (optional)">
        {(control) => (
          <input
            {...control}
            type="text"
            maxLength={256}
            autocomplete="off"
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
          />
        )}
      </Field>
      <button type="submit" class="button primary" disabled={busy || alarms.length === 0}>
        {alarms.length === 0 ? 'Acknowledge' : `Acknowledge ${alarms.length}`}
      </button>
    </form>
  );
}
