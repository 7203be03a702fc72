import { useState } from 'preact/hooks';
import type { Group } from '../../../../schemas/api/commands/group-commands.ts';
import { ask, messageOf } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { TextField } from '../components/text-field.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { mayAs } from '../session.ts';
import { useLoad } from '../use-load.ts';

/** Selectors that are stored under a name, for commands, rollouts and settings of many devices. */
export function StoredGroups() {
  const load = useLoad((signal) => ask('GET /api/v1/groups', { signal }), []);
  return (
    <div class={mayAs('admin') ? 'columns' : undefined}>
      <Loaded load={load} what="the stored groups">
        {({ groups }) => (
          <Panel title="Stored groups" aside={<Export name="groups" rows={() => groups} />}>
            {groups.length === 0 ? (
              <Empty title="No stored groups">
                <p>A group is a selection of devices under a name, read again whenever it is used.</p>
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
      say('done', `The group ${name} was removed`);
      reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Table label="Stored groups" heads={['Name', 'Devices', ...(mayAs('admin') ? ['Remove'] : [])]} stacking>
      {groups.map(({ name, selector }) => (
        <tr key={name}>
          <td data-head="Name">{name}</td>
          <td data-head="Devices">
            <code>{selector}</code>
          </td>
          {mayAs('admin') && (
            <td data-head="Remove">
              <button
                type="button"
                class="button small"
                aria-label={`Remove ${name}`}
                onClick={() => void remove(name)}
              >
                Remove
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
        say('done', `The group ${name} is stored`);
        setName('');
        setSelector('');
        onSaved();
      },
    );
  return (
    <Panel title="Store a group">
      <form
        class="command-form"
        aria-label="Store a group"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Refusal error={request.error} />
        <TextField
          label="Name"
          hint="A group of this name is replaced."
          required
          maxLength={64}
          value={name}
          onValue={setName}
        />
        <TextField
          label="Devices"
          name="/selector"
          hint="all, a device ID, or conditions (AND): type=env-sensor,site=north,floor=2"
          required
          value={selector}
          onValue={setSelector}
        />
        <div class="actions">
          <button type="submit" class="button primary" disabled={request.busy}>
            Store
          </button>
        </div>
      </form>
    </Panel>
  );
}
