import { useState } from 'preact/hooks';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { CommandBadge } from '../commands/command-badge.tsx';
import { useCommandWords } from '../commands/command-names.ts';
import { commandWords } from '../commands/command-titles.ts';
import type { CommandView } from '../../../../schemas/api/commands/commands.ts';
import { Dialog } from '../components/dialog.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { CommandForm } from '../forms/command-form.tsx';
import { reasonWords } from '../forms/command-words.ts';
import { readAgain } from '../commands/send-again.ts';
import { query, setQuery } from '../router.ts';
import { maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';

/** How many commands are listed here; the commands page lists all. */
const listed = 10;

interface DeviceCommandsProps {
  device: string;
  commands: Readonly<Record<string, CommandDefinition>>;
}

/** A button for each command of the device's type, and the status of the last ones. */
export function DeviceCommands({ device, commands }: DeviceCommandsProps) {
  const again = readAgain(query.value);
  const [picked, setPicked] = useState<string>();
  const chosen = picked ?? again?.name;
  const definition = chosen === undefined ? undefined : commands[chosen];
  const close = (): void => {
    setPicked(undefined);
    setQuery({ send: '', params: '' });
  };
  return (
    <Panel
      title={texts.common.commands}
      aside={
        <a href={`/commands?device=${encodeURIComponent(device)}`}>{texts.device.allCommandsOfThisDevice}</a>
      }
    >
      <CommandButtons commands={commands} choose={setPicked} />
      <LastCommands device={device} />
      {chosen !== undefined && definition !== undefined && maySend(definition.safety) && (
        <Dialog
          title={texts.commands.nameOnDevice(commandWords(chosen, definition.title), device)}
          onClose={close}
        >
          <CommandForm
            deviceId={device}
            definition={definition}
            name={chosen}
            params={picked === undefined ? again?.params : undefined}
            onDone={close}
          />
        </Dialog>
      )}
    </Panel>
  );
}

interface CommandButtonsProps {
  commands: DeviceCommandsProps['commands'];
  choose: (name: string) => void;
}

function CommandButtons({ commands, choose }: CommandButtonsProps) {
  const all = Object.entries(commands);
  if (all.length === 0) return <p class="quiet">{texts.device.devicesOfThisTypeTake}</p>;
  const withheld = all.filter(([, { safety }]) => !maySend(safety)).length;
  return (
    <>
      <div class="command-buttons">
        {all.map(([name, { title, safety }]) => (
          <button
            key={name}
            type="button"
            class={`button${safety === 'critical' ? ' danger' : ''}`}
            disabled={!maySend(safety)}
            onClick={() => choose(name)}
          >
            {commandWords(name, title)} …
          </button>
        ))}
      </div>
      {withheld > 0 && (
        <p class="hint">
          {withheld === all.length
            ? texts.device.yourAccountMayNotSendThese
            : texts.device.yourAccountMayNotSendAll}
        </p>
      )}
    </>
  );
}

function LastCommands({ device }: { device: string }) {
  const load = useLoad(
    (signal) => ask('GET /api/v1/commands', { query: { device, limit: listed }, signal }),
    [device],
  );
  const wordsOf = useCommandWords();
  const [live, setLive] = useState<ReadonlyMap<string, CommandView>>(new Map());
  useLive('commands', {
    watching: load.reload,
    message(message) {
      if (message.t !== 'command' || message.command.device !== device) return;
      const { command } = message;
      setLive((old) => new Map(old).set(command.id, command));
    },
  });
  return (
    <Loaded load={load} what={texts.device.theCommands}>
      {({ commands }) => {
        const rows = newest(commands, live);
        if (rows.length === 0) return <p class="quiet">{texts.device.noCommandsYet}</p>;
        return (
          <Table
            label={texts.device.lastCommands}
            heads={[texts.common.command, texts.common.status, texts.device.since]}
            live
          >
            {rows.map((command) => (
              <tr key={command.id}>
                <td>{wordsOf(command.name)}</td>
                <td>
                  <CommandBadge status={command.status} /> <Remark command={command} />
                </td>
                <td>
                  <Time ms={command.ts} />
                </td>
              </tr>
            ))}
          </Table>
        );
      }}
    </Loaded>
  );
}

function Remark({ command }: { command: CommandView }) {
  const { reason, percent, note, final } = command;
  if (reason !== undefined) return <span class="quiet">{reasonWords(reason)}</span>;
  if (final || (percent === undefined && note === undefined)) return null;
  return (
    <span class="quiet">{[percent === undefined ? '' : `${percent} %`, note ?? ''].join(' ').trim()}</span>
  );
}

/** Newest first; the live feed is newer than what was loaded. */
function newest(loaded: readonly CommandView[], live: ReadonlyMap<string, CommandView>): CommandView[] {
  const all = new Map(loaded.map((command) => [command.id, command]));
  for (const [id, command] of live) {
    const known = all.get(id);
    if (known === undefined || known.ts <= command.ts) all.set(id, command);
  }
  return [...all.values()].toSorted((a, b) => b.accepted - a.accepted).slice(0, listed);
}
