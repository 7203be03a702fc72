import { useEffect, useState } from 'preact/hooks';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import type { TwinView } from '../../../../schemas/api/twins/twins.ts';
import type { TwinDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { settingRows, type SettingRow } from './setting-rows.ts';
import { TwinForm } from './twin-form.tsx';
import { TwinHistory } from './twin-history.tsx';
import { TwinStateBadge } from './twin-state-badge.tsx';

/** What the device should hold and what it reports, side by side; the form to change it, and who changed it. */
export function TwinPanel({ details, definition }: { details: DeviceDetails; definition: TwinDefinition }) {
  const { id, twin } = details;
  const load = useLoad((signal) => ask('GET /api/v1/devices/{id}/twin', { params: { id }, signal }), [id]);
  // The live feed says that it stands elsewhere.
  useEffect(() => load.reload(), [twin?.state, twin?.rev, twin?.sinceMs]);
  const [editing, setEditing] = useState(false);
  return (
    <Panel title={texts.common.settings} aside={twin !== undefined && <TwinStateBadge state={twin.state} />}>
      <Loaded load={load} what={texts.twins.theSettings}>
        {(view) => (
          <>
            <Settings twin={view} definition={definition} />
            {editing ? (
              <TwinForm
                twin={view}
                definition={definition.desired}
                onDone={() => {
                  setEditing(false);
                  load.reload();
                }}
              />
            ) : (
              maySend('config') && (
                <div class="actions">
                  <button type="button" class="button" onClick={() => setEditing(true)}>
                    {texts.twins.changeSettingsEllipsis}
                  </button>
                </div>
              )
            )}
            <TwinHistory device={id} rev={view.rev} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Settings({ twin, definition }: { twin: TwinView; definition: TwinDefinition }) {
  const general = twin.errors.filter(({ path }) => path === '');
  return (
    <>
      <Table
        label={texts.common.settings}
        heads={[texts.twins.setting, texts.twins.desired, texts.twins.reported]}
        name="twin-scroll"
      >
        {settingRows(twin, definition).map((row) => (
          <Setting key={row.path} row={row} />
        ))}
      </Table>
      {general.map(({ message }) => (
        <p key={message} class="fault">
          {message}
        </p>
      ))}
      {twin.reportedMs === null ? (
        <p class="quiet">{texts.twins.deviceHasReportedNothingYet}</p>
      ) : (
        <p class="quiet">{texts.twins.standing(<Time ms={twin.reportedMs} />, twin.rev, twin.dealtRev)}</p>
      )}
    </>
  );
}

function Setting({ row }: { row: SettingRow }) {
  const { title, desired, byDefault, reported, differs, errors } = row;
  return (
    <tr class={differs ? 'twin-differs' : undefined}>
      <td>{title}</td>
      <td>
        {desired ?? (
          <span class="quiet">{byDefault === undefined ? '–' : texts.twins.byDefault(byDefault)}</span>
        )}
      </td>
      <td>
        {reported ?? <span class="quiet">–</span>}
        {differs && <span class="twin-mark"> {texts.twins.notAsDesired}</span>}
        {errors.map((message) => (
          <p key={message} class="fault">
            {message}
          </p>
        ))}
      </td>
    </tr>
  );
}
