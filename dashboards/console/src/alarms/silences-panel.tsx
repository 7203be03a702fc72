import { Export } from '../components/export.tsx';
import { useState } from 'preact/hooks';
import type { Silence } from '../../../../schemas/api/alarms.ts';
import { ask, messageOf } from '../api.ts';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Time } from '../components/time.tsx';
import { query, setQuery } from '../router.ts';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

const hourMs = 3_600_000;
const durations = [
  ['1 hour', hourMs],
  ['8 hours', 8 * hourMs],
  ['1 day', 24 * hourMs],
  ['1 week', 168 * hourMs],
] as const;

/** Devices whose alarms are left out for a time, because somebody works on them. */
export function SilencesPanel({ onChange }: { readonly onChange: () => void }) {
  const asked = query.value.get('silence') ?? '';
  const load = useLoad((signal) => ask('GET /api/v1/silences', { signal }), []);
  const changed = (): void => {
    load.reload();
    onChange();
  };
  return (
    <Panel
      title={texts.alarms.silences}
      aside={<Export name="silences" rows={async () => (await ask('GET /api/v1/silences', {})).silences} />}
    >
      <Loaded load={load} what={texts.alarms.theSilences}>
        {({ silences }) =>
          silences.length === 0 ? (
            <Empty title={texts.alarms.noSilences}>
              <p>{texts.alarms.silenceLeavesOutTheAlarms}</p>
            </Empty>
          ) : (
            <ul class="silence-list">
              {silences.map((silence) => (
                <SilenceLine key={silence.id} silence={silence} onEnd={changed} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {mayAs('operator') && <NewSilence key={asked} device={asked} onDone={changed} />}
    </Panel>
  );
}

function SilenceLine({ silence, onEnd }: { readonly silence: Silence; readonly onEnd: () => void }) {
  const { id, to, fromMs, untilMs, reason, actor } = silence;
  async function end(): Promise<void> {
    try {
      await ask('DELETE /api/v1/silences/{id}', { params: { id } });
      say('done', texts.alarms.alarmsOfArePublishedAgain(to));
      onEnd();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <li>
      <p>
        <code>{to}</code>: {reason}
      </p>
      <p class="quiet">
        {texts.alarms.silencedBetween(
          <Time ms={fromMs} />,
          <Time ms={untilMs} />,
          actor.replace(/^operator:/, ''),
        )}
        {mayAs('operator') && (
          <button
            type="button"
            class="button small"
            aria-label={texts.alarms.endNowTheSilenceOf(to)}
            onClick={() => void end()}
          >
            {texts.alarms.endNow}
          </button>
        )}
      </p>
    </li>
  );
}

/** @param device whose alarms are to be silenced; empty: it is to be filled in */
function NewSilence({ device, onDone }: { readonly device: string; readonly onDone: () => void }) {
  const [to, setTo] = useState(device);
  const [durationMs, setDurationMs] = useState<number>(hourMs);
  const [reason, setReason] = useState('');
  const [fault, setFault] = useState<string>();
  async function add(): Promise<void> {
    try {
      await ask('POST /api/v1/silences', { body: { to, untilMs: Date.now() + durationMs, reason } });
      say('done', texts.alarms.alarmsOfAreSilenced(to));
      setTo('');
      setQuery({ silence: '' });
      setReason('');
      setFault(undefined);
      onDone();
    } catch (error) {
      setFault(messageOf(error));
    }
  }
  return (
    <details open={device !== ''}>
      <summary>{texts.alarms.addASilence}</summary>
      <form
        class="command-form"
        aria-label={texts.alarms.addASilence}
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Field label={texts.common.devices} hint={texts.alarms.selectorHint} fault={fault}>
          {(control) => (
            <input
              {...control}
              type="text"
              required
              autocomplete="off"
              spellcheck={false}
              value={to}
              onInput={(event) => setTo(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={texts.alarms.for}>
          {(control) => (
            <select
              {...control}
              value={durationMs}
              onChange={(event) => setDurationMs(Number(event.currentTarget.value))}
            >
              {durations.map(([word, ms]) => (
                <option key={ms} value={ms}>
                  {word}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={texts.common.reason}>
          {(control) => (
            <input
              {...control}
              type="text"
              required
              maxLength={256}
              autocomplete="off"
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="actions">
          <button type="submit" class="button primary">
            {texts.alarms.silence}
          </button>
        </div>
      </form>
    </details>
  );
}
