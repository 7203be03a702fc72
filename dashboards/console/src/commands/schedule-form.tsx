import { useState } from 'preact/hooks';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import type {
  AddedSchedule,
  ScheduledAction,
  ScheduleView,
} from '../../../../schemas/api/commands/schedules.ts';
import { ask } from '../api.ts';
import { SelectField } from '../components/select-field.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { checkCommand, newCommandDraft, type CommandDraft } from '../forms/command-draft.ts';
import { CommandFields } from '../forms/command-fields.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { writeTimeToLive } from '../forms/time-to-live.ts';
import { useRequest } from '../forms/use-request.ts';
import { texts } from '../texts/texts.ts';
import { newTimes, timesOf, whenOf, type Times } from './schedule-times.ts';

interface ScheduleFormProps {
  /** Where a new one goes, to begin with. */
  to: string;
  command: string;
  /** Undefined: what it sends stays as it is. */
  definition: CommandDefinition | undefined;
  /** Undefined: it makes a new one. */
  before: ScheduleView | undefined;
  onDone: () => void;
}

/** A schedule: what is sent, where, and when. */
export function ScheduleForm({ to: usualTo, command, definition, before, onDone }: ScheduleFormProps) {
  const [draft, setDraft] = useState(() => definition && draftOf(definition, before));
  const [name, setName] = useState(before?.name ?? '');
  const [to, setTo] = useState(before?.to ?? usualTo);
  const [times, setTimes] = useState<Times>(() => (before === undefined ? newTimes() : timesOf(before)));
  /** Faults are shown once it was tried to save it. */
  const [tried, setTried] = useState(false);
  const request = useRequest();
  const checked = definition && draft && checkCommand(definition, draft);
  const faults = checked?.faults ?? [];
  const save = (): void => {
    const given: ScheduledAction | undefined = checked && {
      kind: 'command',
      name: command,
      params: checked.params,
      ...(checked.ttlMs === undefined ? {} : { ttlMs: checked.ttlMs }),
    };
    void request.run(
      () => saved({ name: name.trim(), to: to.trim(), times, given, before }),
      ({ devices }) => {
        say('done', texts.commands.scheduleIsForNow(name, texts.counts.devices(devices)));
        if (before === undefined) setName('');
        onDone();
      },
    );
  };
  return (
    <form
      class="command-form"
      aria-label={before === undefined ? texts.commands.newSchedule : texts.common.changeName(before.name)}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (faults.length === 0) save();
      }}
    >
      <Refusal error={request.error} />
      {before === undefined && (
        <TextField
          label={texts.common.name}
          name="/name"
          hint={texts.commands.allowedNames}
          required
          maxLength={40}
          value={name}
          onValue={setName}
        />
      )}
      <TextField
        label={texts.common.devices}
        name="/to"
        hint={texts.commands.allADeviceIdOr}
        required
        value={to}
        onValue={setTo}
      />
      {definition !== undefined && draft !== undefined && (
        <CommandFields
          definition={definition}
          draft={draft}
          faults={tried ? faults : []}
          disabled={false}
          onChange={setDraft}
        />
      )}
      <TimesFields times={times} set={(change) => setTimes((now) => ({ ...now, ...change }))} />
      <div class="actions">
        <button type="submit" class="button primary" disabled={request.busy}>
          {before === undefined ? texts.commands.addTheSchedule : texts.commands.saveTheSchedule}
        </button>
      </div>
    </form>
  );
}

function draftOf(definition: CommandDefinition, before: ScheduleView | undefined): CommandDraft {
  if (before?.action.kind !== 'command') return newCommandDraft(definition);
  const { params, ttlMs } = before.action;
  const draft = newCommandDraft(definition, params);
  return ttlMs === undefined ? draft : { ...draft, ttl: writeTimeToLive(ttlMs / 1_000) };
}

interface Typed {
  name: string;
  to: string;
  times: Times;
  /** Undefined: as before. */
  given: ScheduledAction | undefined;
  before: ScheduleView | undefined;
}

async function saved({ name, to, times, given, before }: Typed): Promise<AddedSchedule> {
  const when = whenOf(times);
  if (before === undefined) {
    if (given === undefined) throw new Error('a new schedule sends a command');
    return ask('POST /api/v1/schedules', { body: { name, to, ...when, action: given } });
  }
  const { action, jitterMs, paused } = before;
  const next = given === undefined ? action : { ...action, ...given };
  return ask('PUT /api/v1/schedules/{name}', {
    params: { name },
    body: { to, ...when, action: next, jitterMs, paused },
  });
}

function TimesFields({ times, set }: { times: Times; set: (change: Partial<Times>) => void }) {
  const { cron, at, timeZone, catchUp } = times;
  return (
    <>
      <TextField
        label={texts.commands.timesCron}
        name="/cron"
        hint={texts.commands.cronExample}
        required={at === ''}
        value={cron}
        onValue={(next) => set({ cron: next })}
      />
      <TextField
        label={texts.commands.orOnceAt}
        name="/atMs"
        type="datetime-local"
        hint={texts.commands.byTheClock}
        value={at}
        onValue={(next) => set({ at: next })}
      />
      <TextField
        label={texts.commands.timeZone}
        name="/timeZone"
        required
        offers={Intl.supportedValuesOf('timeZone')}
        value={timeZone}
        onValue={(next) => set({ timeZone: next })}
      />
      <SelectField
        label={texts.commands.timeThatPassesWhile}
        value={catchUp}
        onValue={(value) => set({ catchUp: value === 'once' ? 'once' : 'skip' })}
        choices={[
          ['skip', texts.commands.isSkipped],
          ['once', texts.commands.isCaughtUpTheLast],
        ]}
      />
    </>
  );
}
