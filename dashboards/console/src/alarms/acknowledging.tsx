import { useState } from 'preact/hooks';
import { maxAcknowledged, type AlarmView } from '../../../../schemas/api/alarms.ts';
import { ask, messageOf } from '../api.ts';
import { Field } from '../components/field.tsx';
import { say } from '../components/status-region.tsx';
import { texts } from '../texts/texts.ts';
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
  const [device, ...others] = new Set(alarms.map((alarm) => alarm.device));
  async function acknowledge(): Promise<void> {
    setBusy(true);
    try {
      const body = { alarms: alarms.slice(0, maxAcknowledged).map(nameOf), ...(note === '' ? {} : { note }) };
      const { acknowledged, already, raisedAgain } = await ask('POST /api/v1/alarms/acknowledge', { body });
      const rest = [
        ...(already > 0 ? [texts.alarms.beforeBySomebodyElse(already)] : []),
        ...(raisedAgain > 0 ? [texts.alarms.raisedAgainMeanwhileLook(texts.counts.alarms(raisedAgain))] : []),
      ];
      say('done', [texts.alarms.alarmsAcknowledged(texts.counts.alarms(acknowledged)), ...rest].join('; '));
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
      aria-label={texts.alarms.acknowledge}
      onSubmit={(event) => {
        event.preventDefault();
        void acknowledge();
      }}
    >
      <Field label={texts.alarms.noteForTheOthersOptional}>
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
      {typeof device === 'string' && others.length === 0 && (
        <a class="button" href={`/alarms?silence=${encodeURIComponent(device)}`}>
          {texts.alarms.silenceDevice(device)}
        </a>
      )}
      <button type="submit" class="button primary" disabled={busy || alarms.length === 0}>
        {alarms.length === 0 ? texts.alarms.acknowledge : texts.alarms.acknowledgeAlarms(alarms.length)}
      </button>
    </form>
  );
}
