import { useState } from 'preact/hooks';
import type { Group } from '../../../../schemas/api/commands/group-commands.ts';
import { ask, messageOf } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** Selectors that are stored under a name, for commands, rollouts and settings of many devices. */
export function StoredGroups() {
  const load = useLoad((signal) => ask('GET /api/v1/groups', { signal }), []);
  return (
    <div class={mayAs('admin') ? 'columns' : undefined}>
      <Loaded load={load} what={texts.commands.theStoredGroups}>
        {({ groups }) => (
          <Panel title={texts.commands.storedGroups} aside={<Export name="groups" rows={() => groups} />}>
            {groups.length === 0 ? (
              <Empty title={texts.commands.noStoredGroups}>
                <p>{texts.commands.groupIsASelection}</p>
              </Empty>
            ) : (
              <Groups groups={groups} reload={load.reload} />
            )}
          </Panel>
        )}
      </Loaded>
      {mayAs('admin') && <SaveGroup onSaved={load.reload} />}
    </div>
  );
}

function Groups({ groups, reload }: { groups: readonly Group[]; reload: () => void }) {
  async function remove(name: string): Promise<void> {
    try {
      await ask('DELETE /api/v1/groups/{name}', { params: { name } });
      say('done', texts.commands.groupWasRemoved(name));
      reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Table
      label={texts.commands.storedGroups}
      heads={[texts.common.name, texts.common.devices, ...(mayAs('admin') ? [texts.common.remove] : [])]}
      stacking
    >
      {groups.map(({ name, selector }) => (
        <tr key={name}>
          <td data-head={texts.common.name}>{name}</td>
          <td data-head={texts.common.devices}>
            <code>{selector}</code>
          </td>
          {mayAs('admin') && (
            <td data-head={texts.common.remove}>
              <button
                type="button"
                class="button small"
                aria-label={texts.commands.removeName(name)}
                onClick={() => void remove(name)}
              >
                {texts.common.remove}
              </button>
            </td>
          )}
        </tr>
      ))}
    </Table>
  );
}

function SaveGroup({ onSaved }: { onSaved: () => void }) {
  const [name, setName] = useState('');
  const [selector, setSelector] = useState('');
  const request = useRequest();
  const save = (): void =>
    void request.run(
      () =>
        ask('PUT /api/v1/groups/{name}', {
          params: { name: name.trim() },
          body: { selector: selector.trim() },
        }),
      () => {
        say('done', texts.commands.groupIsStored(name));
        setName('');
        setSelector('');
        onSaved();
      },
    );
  return (
    <Panel title={texts.commands.storeAGroup}>
      <RequestForm
        label={texts.commands.storeAGroup}
        action={texts.commands.store}
        request={request}
        onSubmit={save}
      >
        <TextField
          label={texts.common.name}
          hint={texts.commands.groupOfThisName}
          required
          maxLength={64}
          value={name}
          onValue={setName}
        />
        <TextField
          label={texts.common.devices}
          name="/selector"
          hint={texts.commands.allADeviceId}
          required
          value={selector}
          onValue={setSelector}
        />
      </RequestForm>
    </Panel>
  );
}
