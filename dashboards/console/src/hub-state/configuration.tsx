import { useState } from 'preact/hooks';
import type { ConfigSetting } from '../../../../schemas/api/hub.ts';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** What the hub was started with, and what set each value. */
export function Configuration() {
  const [onlySet, setOnlySet] = useState(false);
  const load = useLoad((signal) => ask('GET /api/v1/hub/config', { signal }), []);
  return (
    <Loaded load={load} what={texts.hubState.theConfiguration}>
      {({ settings }) => (
        <Panel
          title={texts.hubState.configurationInEffect}
          aside={<Export name="configuration" rows={() => settings} />}
        >
          <label class="check">
            <input
              type="checkbox"
              checked={onlySet}
              onChange={({ currentTarget }) => setOnlySet(currentTarget.checked)}
            />
            {texts.hubState.onlyWhatIsNot}
          </label>
          <Table
            label={texts.common.settings}
            heads={[
              texts.hubState.environment,
              texts.hubState.inTheFile,
              texts.hubState.value,
              texts.common.from,
            ]}
            stacking
          >
            {settings
              .filter(({ from }) => !onlySet || from !== 'default')
              .map(({ name, environment, value, from }) => (
                <tr key={name}>
                  <td>
                    <code>{environment}</code>
                  </td>
                  <td data-head={texts.hubState.inTheFile}>{name}</td>
                  <td data-head={texts.hubState.value} class="long-text">
                    {textOf(value)}
                  </td>
                  <td data-head={texts.common.from}>
                    {from === 'default' ? <span class="quiet">{texts.hubState.default}</span> : <b>{from}</b>}
                  </td>
                </tr>
              ))}
          </Table>
          <p class="quiet">{texts.hubState.itIsRead}</p>
        </Panel>
      )}
    </Loaded>
  );
}

function textOf(value: ConfigSetting['value']) {
  if (value === null) return <span class="quiet">{texts.hubState.notSet}</span>;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
