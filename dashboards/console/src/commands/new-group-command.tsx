import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { query, setQuery } from '../router.ts';
import { maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { commandWords } from './command-titles.ts';
import { GroupForm } from './group-form.tsx';
import { readAgain, type SentBefore } from './send-again.ts';
import { differences } from './waves.ts';

/** Chooses a device type and one of its commands, and then what to send. */
export function NewGroupCommand() {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  const groups = useLoad((signal) => ask('GET /api/v1/groups', { signal }), []);
  const again = readAgain(query.value);
  const [typeId, setTypeId] = useState('');
  return (
    <Panel title={texts.commands.newGroupCommand}>
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {({ types: rows }) => {
          const able = rows.filter(({ commands }) => again === undefined || commands.includes(again.name));
          const chosen = typeId === '' ? (able.find(({ devices }) => devices > 0) ?? able[0])?.id : typeId;
          if (chosen === undefined) return <Empty title={texts.commands.thereAreNoDeviceTypes} />;
          return (
            <div class="command-form">
              <Field label={texts.common.deviceType}>
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
                again={again}
                groups={
                  groups.state.kind === 'loaded' ? groups.state.value.groups.map(({ name }) => name) : []
                }
              />
            </div>
          );
        }}
      </Loaded>
    </Panel>
  );
}

interface CommandChoiceProps {
  readonly typeId: string;
  readonly groups: readonly string[];
  /** What is to be sent again. */
  readonly again: SentBefore | undefined;
}

function CommandChoice({ typeId, groups, again }: CommandChoiceProps) {
  const type = useLoad(
    (signal) => ask('GET /api/v1/device-types/{id}', { params: { id: typeId }, signal }),
    [typeId],
  );
  const [name, setName] = useState(again?.name ?? '');
  return (
    <Loaded load={type} what={texts.common.theDeviceType}>
      {(loaded) => {
        const commands = Object.entries(loaded.commands ?? {}).filter(([, { safety }]) => maySend(safety));
        const [command, definition] = commands.find(([each]) => each === name) ?? commands[0] ?? [];
        if (command === undefined || definition === undefined) {
          return <Empty title={texts.commands.thisTypeHasNoCommands} />;
        }
        return (
          <>
            <Field label={texts.common.command}>
              {(control) => (
                <select {...control} value={command} onChange={(event) => setName(event.currentTarget.value)}>
                  {commands.map(([each, { title }]) => (
                    <option key={each} value={each}>
                      {commandWords(each, title)}
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
              to={query.value.get('to') ?? undefined}
              params={command === again?.name ? again.params : undefined}
              onSent={({ id, devices }, shown) => {
                say(
                  'done',
                  sentWords(
                    shown,
                    devices.map(({ device }) => device),
                  ),
                );
                setQuery({ id, send: '', params: '', to: '' });
              }}
            />
          </>
        );
      }}
    </Loaded>
  );
}

/** What was sent, and how it differs from the preview. */
function sentWords(shown: readonly string[], actual: readonly string[]): string {
  const { added, gone } = differences(shown, actual);
  const parts = [texts.commands.sentToDevicesSentence(texts.counts.devices(actual.length))];
  if (added.length > 0) parts.push(texts.commands.addedSinceThePreview(listOf(added)));
  if (gone.length > 0) parts.push(texts.commands.removedSinceThePreview(listOf(gone)));
  return parts.join(' ');
}

function listOf(names: readonly string[]): string {
  if (names.length <= 3) return names.join(', ');
  return texts.commands.threeAndMore(names.slice(0, 3).join(', '), names.length - 3);
}
