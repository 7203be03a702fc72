import { useState } from 'preact/hooks';
import type { ConfigSetting } from '../../../../schemas/api/hub.ts';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { useLoad } from '../use-load.ts';

/** What the hub was started with, and what set each value. */
export function Configuration() {
  const [onlySet, setOnlySet] = useState(false);
  const load = useLoad((signal) => ask('GET /api/v1/hub/config', { signal }), []);
  return (
    <Loaded load={load} what="the configuration">
      {({ settings }) => (
        <Panel title="Configuration in effect" aside={<Export name="configuration" rows={() => settings} />}>
          <label class="check">
            <input
              type="checkbox"
              checked={onlySet}
              onChange={({ currentTarget }) => setOnlySet(currentTarget.checked)}
            />
            Only what is not the default
          </label>
          <Table label="Settings" heads={['Environment', 'In the file', 'Value', 'From']} stacking>
            {settings
              .filter(({ from }) => !onlySet || from !== 'default')
              .map(({ name, environment, value, from }) => (
                <tr key={name}>
                  <td>
                    <code>{environment}</code>
                  </td>
                  <td data-head="In the file">{name}</td>
                  <td data-head="Value" class="long-text">
                    {textOf(value)}
                  </td>
                  <td data-head="From">
                    {from === 'default' ? <span class="quiet">default</span> : <b>{from}</b>}
                  </td>
                </tr>
              ))}
          </Table>
          <p class="quiet">It is read when the hub starts. Secrets are hidden.</p>
        </Panel>
      )}
    </Loaded>
  );
}

function textOf(value: ConfigSetting['value']) {
  if (value === null) return <span class="quiet">not set</span>;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
