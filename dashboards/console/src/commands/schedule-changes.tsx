import { useState } from 'preact/hooks';
import type { ScheduleView } from '../../../../schemas/api/commands/schedules.ts';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask, messageOf } from '../api.ts';
import { Dialog } from '../components/dialog.tsx';
import { Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Age, Time, ZonedTime } from '../components/time.tsx';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { freshCommandKey } from '../forms/command-key.ts';
import { goTo } from '../router.ts';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { ScheduleForm } from './schedule-form.tsx';
import { ScheduleOutcome } from './schedule-outcome.tsx';

type Asked = 'times' | 'change' | 'run' | 'remove';

/** What can be done with a schedule; seeing its next times is for everybody. */
export function ScheduleChanges({ schedule, onChange }: { schedule: ScheduleView; onChange: () => void }) {
  const { name, paused } = schedule;
  const [asked, setAsked] = useState<Asked>();
  const isAdmin = mayAs('admin');
  const close = (): void => setAsked(undefined);
  async function change(what: Promise<unknown>, done: string): Promise<void> {
    close();
    try {
      await what;
      say('done', done);
      onChange();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  const pause = (): void => {
    const what = ask('PATCH /api/v1/schedules/{name}', { params: { name }, body: { paused: !paused } });
    void change(what, paused ? texts.commands.nameGoesOn(name) : texts.commands.nameIsPaused(name));
  };
  const buttons: readonly (readonly [may: boolean, word: string, act: () => void])[] = [
    [true, texts.commands.times, () => setAsked('times')],
    [mayAs('operator') && schedule.action.kind === 'command', texts.commands.runNow, () => setAsked('run')],
    [isAdmin, texts.common.changeEllipsis, () => setAsked('change')],
    [isAdmin, paused ? texts.commands.resume : texts.commands.pause, pause],
    [isAdmin, texts.common.removeEllipsis, () => setAsked('remove')],
  ];
  return (
    <div class="actions">
      {buttons.map(
        ([may, word, act]) =>
          may && (
            <button
              key={word}
              type="button"
              class="button small"
              aria-label={`${word} ${name}`}
              onClick={act}
            >
              {word}
            </button>
          ),
      )}
      {asked === 'times' && (
        <Dialog title={texts.commands.theTimesOf(name)} onClose={close}>
          <NextTimes schedule={schedule} />
          <LastTimes schedule={schedule} />
        </Dialog>
      )}
      {asked === 'change' && (
        <Dialog title={texts.commands.changeASchedule} onClose={close}>
          <ChangeForm
            schedule={schedule}
            onDone={() => {
              close();
              onChange();
            }}
          />
        </Dialog>
      )}
      {asked === 'run' && (
        <Dialog title={texts.commands.runAScheduleNow} onClose={close}>
          <TypedConfirm
            title={texts.commands.runNameNow(name)}
            typed={undefined}
            action={texts.commands.runItNow}
            onConfirm={() => void runNow(schedule).then(close)}
            onBack={close}
          >
            <p>{texts.commands.itsCommandGoes(<code>{schedule.to}</code>)}</p>
          </TypedConfirm>
        </Dialog>
      )}
      {asked === 'remove' && (
        <Dialog title={texts.commands.removeASchedule} onClose={close}>
          <TypedConfirm
            title={texts.commands.removeNameQuestion(name)}
            typed={undefined}
            action={texts.common.remove}
            onConfirm={() =>
              void change(
                ask('DELETE /api/v1/schedules/{name}', { params: { name } }),
                texts.commands.nameWasRemoved(name),
              )
            }
            onBack={close}
          />
        </Dialog>
      )}
    </div>
  );
}

/** Sends what it would send, as a group command of the operator. */
async function runNow({ to, action }: ScheduleView): Promise<void> {
  if (action.kind !== 'command') return;
  const { name, params, ttlMs, wave, maxFailures } = action;
  const id = freshCommandKey();
  const command = {
    params,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(wave === undefined ? {} : { wave }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
  };
  try {
    await ask('POST /api/v1/group-commands', { body: { to, name, command }, idempotencyKey: id });
    goTo(`/commands?view=groups&id=${encodeURIComponent(id)}`);
  } catch (error) {
    say('fault', messageOf(error));
  }
}

function NextTimes({ schedule: { name, timeZone, paused } }: { schedule: ScheduleView }) {
  const load = useLoad(
    (signal) => ask('GET /api/v1/schedules/{name}/times', { params: { name }, query: { count: 5 }, signal }),
    [name],
  );
  return (
    <Loaded load={load} what={texts.commands.theTimes}>
      {({ times }) =>
        times.length === 0 ? (
          <p>{paused ? texts.commands.noneWhileItIsPaused : texts.commands.noneItIsOver}</p>
        ) : (
          <ol class="plain-list">
            {times.map((ms) => (
              <li key={ms}>
                <ZonedTime ms={ms} timeZone={timeZone} />{' '}
                <span class="quiet">
                  (<Age ms={ms} />)
                </span>
              </li>
            ))}
          </ol>
        )
      }
    </Loaded>
  );
}

/** What became of each of its last times. */
function LastTimes({ schedule: { runs = [] } }: { schedule: ScheduleView }) {
  if (runs.length === 0) return <p class="quiet">{texts.commands.noTimeHasCome}</p>;
  return (
    <Table label={texts.commands.itsLastTimes} heads={[texts.common.time, texts.commands.outcome]}>
      {runs.map((run) => (
        <tr key={run.atMs}>
          <td>
            <Time ms={run.atMs} />
          </td>
          <td>
            <ScheduleOutcome outcome={run} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** The form of its command, if a device type still has it; otherwise what it sends stays. */
function ChangeForm({ schedule, onDone }: { schedule: ScheduleView; onDone: () => void }) {
  const { action, to } = schedule;
  const command = action.kind === 'command' ? action.name : '';
  const load = useLoad((signal) => definitionOf(command, signal), [command]);
  return (
    <Loaded load={load} what={texts.commands.theCommand}>
      {(definition) => (
        <ScheduleForm to={to} command={command} definition={definition} before={schedule} onDone={onDone} />
      )}
    </Loaded>
  );
}

/** The command as the device types have it, first those that are in use. */
async function definitionOf(command: string, signal: AbortSignal): Promise<CommandDefinition | undefined> {
  if (command === '') return undefined;
  const { types } = await ask('GET /api/v1/device-types', { signal });
  const able = types.filter(({ commands }) => commands.includes(command));
  const id = (able.find(({ devices }) => devices > 0) ?? able[0])?.id;
  if (id === undefined) return undefined;
  const type = await ask('GET /api/v1/device-types/{id}', { params: { id }, signal });
  return type.commands?.[command];
}
