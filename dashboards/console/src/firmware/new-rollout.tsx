import { useState } from 'preact/hooks';
import type { FirmwareView } from '../../../../schemas/api/firmware/firmware.ts';
import type { NewRollout as Request, RolloutPreview } from '../../../../schemas/api/firmware/rollouts.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { freshCommandKey } from '../forms/command-key.ts';
import { durationWords } from '../forms/duration-words.ts';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { DeviceRows } from './rollout-devices.tsx';
import { newPlan, requestOf, type RolloutPlan } from './rollout-plan.ts';

/** Plans a rollout, shows which devices it would update when, and begins it. */
export function NewRollout() {
  const firmware = useLoad((signal) => ask('GET /api/v1/firmware', { signal }), []);
  const groups = useLoad((signal) => ask('GET /api/v1/groups', { signal }), []);
  return (
    <Panel
      title={texts.firmware.newRollout}
      aside={<a href="/firmware?view=files">{texts.firmware.addFirmware}</a>}
    >
      <Loaded load={firmware} what={texts.firmware.theFirmware}>
        {({ firmware: all }) => {
          const [first] = all;
          if (first === undefined)
            return (
              <Empty title={texts.firmware.noFirmwareToRollOut}>
                <a href="/firmware?view=files">{texts.firmware.firmwareFiles}</a>
              </Empty>
            );
          const names =
            groups.state.kind === 'loaded' ? groups.state.value.groups.map(({ name }) => name) : [];
          return <RolloutForm firmware={all} first={first} groups={names} />;
        }}
      </Loaded>
    </Panel>
  );
}

interface RolloutFormProps {
  firmware: readonly FirmwareView[];
  first: FirmwareView;
  groups: readonly string[];
}

function RolloutForm({ firmware, first, groups }: RolloutFormProps) {
  const [plan, setPlan] = useState<RolloutPlan>(() => newPlan(first));
  const [preview, setPreview] = useState<RolloutPreview>();
  const [confirming, setConfirming] = useState(false);
  /** The same request is done once, also when it is sent again because no answer came. */
  const [id, setId] = useState(freshCommandKey);
  const request = useRequest();
  const set = (change: Partial<RolloutPlan>): void => {
    setPreview(undefined);
    request.clear();
    setPlan((now) => ({ ...now, ...change }));
  };
  const body: Request = requestOf(plan, groups);
  const look = (): void =>
    void request.run(
      () => ask('POST /api/v1/rollouts', { body: { ...body, dryRun: true } }),
      // With dryRun a preview is what comes.
      (answer) => setPreview(answer as RolloutPreview),
    );
  const start = (): void =>
    void request
      .run(
        () => ask('POST /api/v1/rollouts', { body: { ...body, id } }),
        () => {
          say('done', texts.firmware.rolloutOfHasBegun(plan.type, plan.version));
          setPreview(undefined);
          setId(freshCommandKey());
          setQuery({ id });
        },
      )
      .then(() => setConfirming(false));
  const updated = preview?.waves.at(-1) ?? 0;
  if (confirming)
    return (
      <TypedConfirm
        title={texts.firmware.updateDevicesToTypeVersion(
          texts.counts.devices(updated),
          plan.type,
          plan.version,
        )}
        typed={plan.target.trim()}
        action={texts.firmware.beginTheRollout}
        busy={request.busy}
        onConfirm={start}
        onBack={() => setConfirming(false)}
      >
        <p>
          {plan.from === ''
            ? texts.firmware.firstWaveBeginsImmediately
            : texts.firmware.firstWaveBeginsInTheHours}
        </p>
      </TypedConfirm>
    );
  return (
    <form
      class="command-form"
      aria-label={texts.firmware.newRollout}
      onSubmit={(event) => {
        event.preventDefault();
        look();
      }}
    >
      <Refusal error={request.error} />
      <PlanFields plan={plan} firmware={firmware} groups={groups} set={set} />
      <div class="actions">
        <button type="submit" class="button" disabled={request.busy}>
          {texts.common.previewDevices}
        </button>
      </div>
      {preview !== undefined && <Preview preview={preview} onStart={() => setConfirming(true)} />}
    </form>
  );
}

interface PlanFieldsProps extends Pick<RolloutFormProps, 'firmware' | 'groups'> {
  plan: RolloutPlan;
  set: (change: Partial<RolloutPlan>) => void;
}

function PlanFields({ plan, firmware, groups, set }: PlanFieldsProps) {
  return (
    <>
      <SelectField
        label={texts.common.firmware}
        value={`${plan.type} ${plan.version}`}
        onValue={(chosen) => {
          const [type = '', version = ''] = chosen.split(' ');
          set({ type, version, ...(plan.target === `type=${plan.type}` ? { target: `type=${type}` } : {}) });
        }}
        choices={firmware.map(({ type, version }) => [`${type} ${version}`, `${type} ${version}`])}
      />
      <TextField
        label={texts.common.devices}
        name="/to"
        hint={texts.firmware.groupNameAllDeviceId}
        required
        offers={groups}
        value={plan.target}
        onValue={(target) => set({ target })}
      />
      <TextField
        label={texts.firmware.waves}
        name="/waves"
        hint={texts.firmware.devicesThatAreUpdatedAfter}
        required
        value={plan.waves}
        onValue={(waves) => set({ waves })}
      />
      <div class="field-row">
        <TextField
          label={texts.common.failuresAllowed}
          name="/maxFailures"
          type="number"
          min={0}
          required
          hint={texts.firmware.itStopsAtMore}
          value={plan.maxFailures}
          onValue={(maxFailures) => set({ maxFailures })}
        />
        <TextField
          label={texts.firmware.deadlineS}
          name="/deadlineSec"
          type="number"
          min={10}
          max={2_592_000}
          required
          hint={texts.firmware.aDeviceHas(durationWords(Number(plan.deadlineSec)))}
          value={plan.deadlineSec}
          onValue={(deadlineSec) => set({ deadlineSec })}
        />
        <TextField
          label={texts.firmware.stayWellForS}
          name="/soakSec"
          type="number"
          min={1}
          max={604_800}
          required
          hint={texts.firmware.untilItHasSucceeded(durationWords(Number(plan.soakSec)))}
          value={plan.soakSec}
          onValue={(soakSec) => set({ soakSec })}
        />
      </div>
      <details>
        <summary>{texts.firmware.onlyInTheseHours}</summary>
        <div class="field-row">
          <TextField
            label={texts.common.from}
            type="time"
            value={plan.from}
            onValue={(from) => set({ from })}
          />
          <TextField label={texts.common.to} type="time" value={plan.to} onValue={(to) => set({ to })} />
          <TextField
            label={texts.firmware.timeZone}
            name="/window/zone"
            offers={Intl.supportedValuesOf('timeZone')}
            value={plan.zone}
            onValue={(zone) => set({ zone })}
          />
        </div>
      </details>
    </>
  );
}

function Preview({ preview: { waves, devices }, onStart }: { preview: RolloutPreview; onStart: () => void }) {
  const updated = waves.at(-1) ?? 0;
  const skipped = devices.length - updated;
  return (
    <section class="preview" aria-label={texts.common.preview}>
      <p role="status">
        <strong>
          {updated === 0
            ? texts.firmware.noDeviceWouldBeUpdated
            : texts.firmware.devicesInWaves(texts.counts.devices(updated), texts.counts.waves(waves.length))}
        </strong>
        {updated > 0 && ` ${texts.firmware.updatedAfterEach(waves.join(', '))}`}
        {skipped > 0 && ` ${texts.firmware.devicesSkipped(texts.counts.devices(skipped))}`}
      </p>
      <p class="quiet">{texts.firmware.devicesAreFixed}</p>
      <DeviceRows devices={devices.slice(0, mostNamed)} planned />
      {devices.length > mostNamed && <p class="quiet">{texts.common.andMore(devices.length - mostNamed)}</p>}
      {updated > 0 && (
        <div class="actions">
          <button type="button" class="button primary" onClick={onStart}>
            {texts.firmware.beginDevices(texts.counts.devices(updated))}
          </button>
        </div>
      )}
    </section>
  );
}

const mostNamed = 500;
