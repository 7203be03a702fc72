import { Export } from '../components/export.tsx';
import { useState } from 'preact/hooks';
import { ask, messageOf } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Time } from '../components/time.tsx';
import { query, setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { againAtGroup } from './send-again.ts';
import { mayAs } from '../session.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';
import { CommandBadge } from './command-badge.tsx';
import { useCommandWords } from './command-names.ts';
import { stopGroup } from './command-calls.ts';
import type { GroupCommandView } from '../../../../schemas/api/commands/group-commands.ts';
import { GroupProgress, WaveBar } from './group-progress.tsx';
import { NewGroupCommand } from './new-group-command.tsx';

/** Group commands: the list of those sent, one of them wave by wave, and the form for a new one. */
export function GroupCommands() {
  const id = query.value.get('id') ?? '';
  return (
    <div class={mayAs('operator') ? 'columns' : undefined}>
      <div class="column">
        {id !== '' && <OneGroupCommand key={id} id={id} />}
        <SentGroupCommands />
      </div>
      {mayAs('operator') && <NewGroupCommand key={query.value.get('params')} />}
    </div>
  );
}

function SentGroupCommands() {
  const wordsOf = useCommandWords();
  const load = useLoad((signal) => ask('GET /api/v1/group-commands', { signal }), []);
  useLive('commands', {
    message: ({ t }) => {
      if (t === 'group-command') load.reload();
    },
    watching: load.reload,
  });
  return (
    <Panel
      title={texts.commands.sentToGroups}
      aside={
        <Export
          name="group-commands"
          rows={async () => (await ask('GET /api/v1/group-commands', {})).groupCommands}
        />
      }
    >
      <Loaded load={load} what={texts.commands.theGroupCommands}>
        {({ groupCommands }) =>
          groupCommands.length === 0 ? (
            <Empty title={texts.commands.noGroupCommandsYet} />
          ) : (
            <div class="table-scroll">
              <table class="table stacking">
                <caption class="visually-hidden">{texts.commands.groupCommandsNewestFirst}</caption>
                <thead>
                  <tr>
                    <th scope="col">{texts.commands.accepted}</th>
                    <th scope="col">{texts.common.command}</th>
                    <th scope="col">{texts.common.to}</th>
                    <th scope="col">{texts.common.status}</th>
                    <th scope="col">{texts.common.devices}</th>
                  </tr>
                </thead>
                <tbody>
                  {groupCommands.map((row) => (
                    <tr key={row.id}>
                      <td>
                        <Time ms={row.accepted} />
                      </td>
                      <td>
                        <a href={`/commands?view=groups&id=${encodeURIComponent(row.id)}`}>
                          {wordsOf(row.name)}
                        </a>
                      </td>
                      <td>
                        <code>{row.group === '-' ? row.to : row.group}</code>
                      </td>
                      <td>
                        <CommandBadge status={row.status} />
                      </td>
                      <td>
                        <WaveBar
                          wave={row}
                          label={texts.commands.ofTargetsSucceeded(row.succeeded, row.targets)}
                        />
                        <span class="quiet">{texts.common.partOf(row.succeeded, row.targets)}</span>
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
  const load = useLoad((signal) => ask('GET /api/v1/group-commands/{id}', { params: { id }, signal }), [id]);
  /** The newest state from the live feed. */
  const [latest, setLatest] = useState<GroupCommandView>();
  useLive('commands', {
    message: (message) => {
      if (message.t === 'group-command' && message.groupCommand.id === id) setLatest(message.groupCommand);
    },
    watching() {
      setLatest(undefined);
      load.reload();
    },
  });
  async function stop(): Promise<void> {
    try {
      setLatest(await stopGroup(id));
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Panel
      title={texts.commands.progress}
      aside={
        <>
          <Export name={`group-command-${id}`} rows={() => devicesOf(id)} />
          <button type="button" class="button small" onClick={() => setQuery({ id: '' })}>
            {texts.common.close}
          </button>
        </>
      }
    >
      <Loaded load={load} what={texts.commands.theGroupCommand}>
        {(loaded) => (
          <GroupCommandBody
            groupCommand={latest ?? loaded}
            onStop={mayAs('operator') ? () => void stop() : undefined}
          />
        )}
      </Loaded>
    </Panel>
  );
}

async function devicesOf(id: string): Promise<GroupCommandView['devices']> {
  return (await ask('GET /api/v1/group-commands/{id}', { params: { id } })).devices;
}

function GroupCommandBody({
  groupCommand,
  onStop,
}: {
  readonly groupCommand: GroupCommandView;
  readonly onStop: (() => void) | undefined;
}) {
  const wordsOf = useCommandWords();
  const target = groupCommand.group === '-' ? groupCommand.to : groupCommand.group;
  return (
    <>
      <p>
        {texts.commands.nameToTargetAccepted(
          <strong>{wordsOf(groupCommand.name)}</strong>,
          <code>{target}</code>,
          <Time ms={groupCommand.accepted} />,
        )}
      </p>
      <GroupProgress groupCommand={groupCommand} onStop={onStop} />
      {mayAs('operator') && (
        <div class="actions">
          <a class="button" href={againAtGroup(target, groupCommand)}>
            {texts.commands.sendAgain}
          </a>
        </div>
      )}
    </>
  );
}
