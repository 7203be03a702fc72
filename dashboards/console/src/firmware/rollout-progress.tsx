import { useState } from 'preact/hooks';
import { ask, messageOf } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Time } from '../components/time.tsx';
import { durationWords } from '../forms/duration-words.ts';
import { countWords } from '../number-words.ts';
import { setQuery } from '../router.ts';
import { maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';
import type { RolloutView } from '../../../../schemas/api/firmware/rollouts.ts';
import { isUnderWay, refreshMs } from './rollout-list.tsx';
import { RolloutLooks } from './rollout-looks.tsx';
import { RolloutDevices } from './rollout-devices.tsx';
import { countsText, StateBar } from './state-bar.tsx';
import { RolloutBadge } from './update-badge.tsx';
import { rolloutSentence } from './update-words.ts';

/** One rollout: how far it is, wave by wave, whether the updated devices do worse, and its devices. */
export function RolloutProgress({ id }: { id: string }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/rollouts/{id}', { params: { id }, signal }),
    [id],
    (view) => (isUnderWay(view) ? refreshMs : undefined),
  );
  return (
    <Panel
      title={texts.firmware.rolloutId(id)}
      aside={
        <button type="button" class="button small" onClick={() => setQuery({ id: '', state: '' })}>
          {texts.common.close}
        </button>
      }
    >
      <Loaded load={load} what={texts.firmware.theRollout}>
        {(view) => (
          <div class="rollout">
            <Standing view={view} />
            {maySend('critical') && <Changes view={view} onChange={load.reload} />}
            <Waves view={view} />
            {view.looks.length > 0 && <RolloutLooks looks={view.looks} />}
            <RolloutDevices view={view} />
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

function Standing({ view }: { view: RolloutView }) {
  const { type, version, to, group, status, reason, states, targets, failures, maxFailures } = view;
  const { deadlineSec, soakSec, window, acceptedMs, endedMs, actor } = view;
  return (
    <>
      <p role="status">
        <RolloutBadge status={status} /> {rolloutSentence(status, reason)}
      </p>
      <StateBar counts={states} />
      <p>
        {texts.firmware.statesOfDevices(countsText(states), texts.counts.devices(targets))}{' '}
        {failures > 0 &&
          texts.firmware.itStopsAtMoreThan(texts.counts.failures(failures), countWords(maxFailures))}
      </p>
      <p class="quiet">
        {texts.firmware.toWhomAndSince(
          type,
          version,
          <code>{group ?? to}</code>,
          <Time ms={acceptedMs} />,
          actor.replace(/^operator:/, ''),
        )}{' '}
        {endedMs !== undefined && texts.firmware.ended(<Time ms={endedMs} />)}{' '}
        {texts.firmware.eachDeviceHasToRun(durationWords(deadlineSec), durationWords(soakSec))}{' '}
        {window !== undefined &&
          texts.firmware.updatesBeginBetweenAndOnly(window.from, window.to, window.zone)}
      </p>
    </>
  );
}

function Changes({ view, onChange }: { view: RolloutView; onChange: () => void }) {
  const { id, status } = view;
  const [asking, setAsking] = useState(false);
  if (status !== 'running' && status !== 'paused') return null;
  async function change(what: 'pause' | 'resume' | 'cancel'): Promise<void> {
    try {
      await ask(`POST /api/v1/rollouts/{id}/${what}`, { params: { id } });
      setAsking(false);
      onChange();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  const next = status === 'running' ? 'pause' : 'resume';
  return (
    <div class="actions">
      <button type="button" class="button" onClick={() => void change(next)}>
        {next === 'pause' ? texts.firmware.pause : texts.firmware.resume}
      </button>
      {asking ? (
        <>
          <button type="button" class="button danger" onClick={() => void change('cancel')}>
            {texts.firmware.cancelTheRolloutForGood}
          </button>
          <button type="button" class="button" onClick={() => setAsking(false)}>
            {texts.firmware.keepIt}
          </button>
          <span class="quiet">{texts.firmware.updatesThatAreBeingApplied}</span>
        </>
      ) : (
        <button type="button" class="button danger" onClick={() => setAsking(true)}>
          {texts.firmware.cancel}
        </button>
      )}
    </div>
  );
}

/** Each wave as a bar as long as its share of the devices: the shape of the rollout is seen, and where it is. */
function Waves({ view }: { view: RolloutView }) {
  const { byWave, waves, wave: begun, endedMs } = view;
  const sizes = waves.map((upTo, index) => upTo - (waves[index - 1] ?? 0));
  const largest = Math.max(...sizes, 1);
  return (
    <ol class="rollout-waves" aria-label={texts.firmware.waves}>
      {byWave.map((counts, index) => {
        const number = index + 1;
        const size = sizes[index] ?? 0;
        // What an ended rollout has not begun, it has cancelled.
        const isAhead = number > begun && endedMs === undefined;
        return (
          <li key={number} class={isAhead ? 'wave-ahead' : undefined}>
            <span class="wave-name">{texts.firmware.waveNumber(number)}</span>
            <div class="wave-size" style={{ width: `${Math.max(4, (size / largest) * 100)}%` }}>
              <StateBar counts={counts} />
            </div>
            <span class="quiet">
              {isAhead ? texts.firmware.devicesNotBegun(texts.counts.devices(size)) : countsText(counts)}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
