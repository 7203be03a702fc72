import { useState } from 'preact/hooks';
import type { DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import { get, messageOf } from '../api.ts';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Time } from '../components/time.tsx';
import { query, setQuery } from '../router.ts';
import { maySend, mayAs } from '../session.ts';
import type { TypeRow } from '../device-types/type-view.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';
import { CommandBadge } from './command-badge.tsx';
import { stopGroup, type GroupDetails } from './command-calls.ts';
import type { GroupCommandView } from './command-view.ts';
import { GroupForm } from './group-form.tsx';
import { GroupProgress, WaveBar } from './group-progress.tsx';
import { differences } from './waves.ts';

/** Group commands: those that were sent, one of them wave by wave, and a new one. */
export function GroupCommands() {
  const id = query.value.get('id') ?? '';
  return (
    <>
      {mayAs('operator') && <NewGroupCommand />}
      {id !== '' && <OneGroupCommand key={id} id={id} />}
      <SentGroupCommands />
    </>
  );
}

function SentGroupCommands() {
  const load = useLoad(
    (signal) => get<{ groupCommands: GroupCommandView[] }>('/group-commands', undefined, signal),
    [],
  );
  useLive('commands', {
    message: ({ t }) => {
      if (t === 'rollout') load.reload();
    },
    watching: load.reload,
  });
  return (
    <Panel title="Sent to groups">
      <Loaded load={load} what="the group commands">
        {({ groupCommands }) =>
          groupCommands.length === 0 ? (
            <Empty title="None was sent yet" />
          ) : (
            <div class="table-scroll">
              <table class="table stacking">
                <caption class="visually-hidden">Group commands, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Accepted</th>
                    <th scope="col">Command</th>
                    <th scope="col">To</th>
                    <th scope="col">Status</th>
                    <th scope="col">Devices</th>
                  </tr>
                </thead>
                <tbody>
                  {groupCommands.map((row) => (
                    <tr key={row.id}>
                      <td>
                        <Time ms={row.accepted} />
                      </td>
                      <td>
                        <a href={`/commands?view=groups&id=${encodeURIComponent(row.id)}`}>{row.name}</a>
                      </td>
                      <td>
                        <code>{row.group === '-' ? row.to : row.group}</code>
                      </td>
                      <td>
                        <CommandBadge status={row.status} />
                      </td>
                      <td>
                        <WaveBar wave={row} label={`${row.succeeded} of ${row.targets} succeeded`} />
                        <span class="quiet">
                          {row.succeeded} of {row.targets}
                        </span>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Panel>
  );
}

function OneGroupCommand({ id }: { readonly id: string }) {
  const load = useLoad(
    (signal) => get<GroupDetails>(`/group-commands/${encodeURIComponent(id)}`, undefined, signal),
    [id],
  );
  /** As the live feed told it last. */
  const [told, setTold] = useState<GroupDetails>();
  useLive('commands', {
    message: (message) => {
      if (message.t === 'rollout' && message.rollout.id === id) setTold(message.rollout);
    },
    watching() {
      setTold(undefined);
      load.reload();
    },
  });
  async function stop(): Promise<void> {
    try {
      setTold(await stopGroup(id));
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Panel
      title="Progress"
      aside={
        <button type="button" class="button small" onClick={() => setQuery({ id: '' })}>
          Close
        </button>
      }
    >
      <Loaded load={load} what="the group command">
        {(loaded) => (
          <OneRollout rollout={told ?? loaded} onStop={mayAs('operator') ? () => void stop() : undefined} />
        )}
      </Loaded>
    </Panel>
  );
}

function OneRollout({
  rollout,
  onStop,
}: {
  readonly rollout: GroupDetails;
  readonly onStop: (() => void) | undefined;
}) {
  return (
    <>
      <p>
        <strong>{rollout.name}</strong> to <code>{rollout.group === '-' ? rollout.to : rollout.group}</code>,{' '}
        <Time ms={rollout.accepted} />
      </p>
      <GroupProgress rollout={rollout} onStop={onStop} />
    </>
  );
}

/** Chooses a device type and one of its commands, and then what to send. */
function NewGroupCommand() {
  const types = useLoad((signal) => get<{ types: TypeRow[] }>('/device-types', undefined, signal), []);
  const groups = useLoad((signal) => get<{ groups: { name: string }[] }>('/groups', undefined, signal), []);
  const [typeId, setTypeId] = useState('');
  return (
    <Panel title="New group command">
      <Loaded load={types} what="the device types">
        {({ types: rows }) => {
          const chosen = typeId === '' ? (rows.find(({ devices }) => devices > 0) ?? rows[0])?.id : typeId;
          if (chosen === undefined) return <Empty title="There are no device types" />;
          return (
            <>
              <Field label="Device type">
                {(control) => (
                  <select
                    {...control}
                    value={chosen}
                    onChange={(event) => setTypeId(event.currentTarget.value)}
                  >
                    {rows.map(({ id }) => (
                      <option key={id}>{id}</option>
                    ))}
                  </select>
                )}
              </Field>
              <CommandChoice
                key={chosen}
                typeId={chosen}
                groups={
                  groups.state.kind === 'loaded' ? groups.state.value.groups.map(({ name }) => name) : []
                }
              />
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function CommandChoice({ typeId, groups }: { readonly typeId: string; readonly groups: readonly string[] }) {
  const type = useLoad(
    (signal) => get<DeviceTypeDefinition>(`/device-types/${encodeURIComponent(typeId)}`, undefined, signal),
    [typeId],
  );
  const [name, setName] = useState('');
  return (
    <Loaded load={type} what="the device type">
      {(loaded) => {
        const commands = Object.entries(loaded.commands ?? {}).filter(([, { safety }]) => maySend(safety));
        const [command, definition] = commands.find(([each]) => each === name) ?? commands[0] ?? [];
        if (command === undefined || definition === undefined) {
          return <Empty title="This type has no commands that you may send" />;
        }
        return (
          <>
            <Field label="Command">
              {(control) => (
                <select {...control} value={command} onChange={(event) => setName(event.currentTarget.value)}>
                  {commands.map(([each, { title }]) => (
                    <option key={each} value={each}>
                      {title ?? each}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <GroupForm
              key={command}
              type={loaded}
              name={command}
              definition={definition}
              groups={groups}
              onSent={({ id, devices }, shown) => {
                say(
                  'done',
                  sentWords(
                    shown,
                    devices.map(({ device }) => device),
                  ),
                );
                setQuery({ id });
              }}
            />
          </>
        );
      }}
    </Loaded>
  );
}

/** What was sent, and in what it differs from what was shown. */
function sentWords(shown: readonly string[], actual: readonly string[]): string {
  const { added, gone } = differences(shown, actual);
  const parts = [`Sent to ${actual.length} device${actual.length === 1 ? '' : 's'}.`];
  if (added.length > 0) parts.push(`Come since the preview: ${listOf(added)}.`);
  if (gone.length > 0) parts.push(`Gone since the preview: ${listOf(gone)}.`);
  return parts.join(' ');
}

function listOf(names: readonly string[]): string {
  const [first, second, third] = names;
  if (names.length <= 3) return names.join(', ');
  return `${first}, ${second}, ${third} and ${names.length - 3} more`;
}
