import { ask, messageOf } from '../api.ts';
import { CommandBadge } from '../commands/command-badge.tsx';
import { WaveBar } from '../commands/group-progress.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { query, setQuery } from '../router.ts';
import { maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';
import { NewGroupTwin } from './new-group-twin.tsx';

const refreshMs = 2_000;
const mostNamed = 200;

/** Changes of the settings of many devices, and a new one. */
export function GroupTwins() {
  const id = query.value.get('id') ?? '';
  return (
    <div class={maySend('config') ? 'columns' : undefined}>
      <div class="column">
        {id !== '' && <OneGroupTwin key={id} id={id} />}
        <List chosen={id} />
      </div>
      {maySend('config') && <NewGroupTwin />}
    </div>
  );
}

function List({ chosen }: { chosen: string }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/group-twins', { query: { limit: 100 }, signal }),
    [chosen],
    ({ groupTwins }) => (groupTwins.some(({ final }) => !final) ? refreshMs : undefined),
  );
  return (
    <Loaded load={load} what={texts.twins.changesOfSettings}>
      {({ groupTwins }) => (
        <Panel
          title={texts.twins.settingsOfManyDevices}
          aside={<Export name="group-settings" rows={() => groupTwins} />}
        >
          {groupTwins.length === 0 ? (
            <Empty title={texts.twins.noChangesYet}>
              <p>{texts.twins.eachDeviceComes}</p>
            </Empty>
          ) : (
            <Table
              label={texts.twins.changesNewestFirst}
              heads={[
                texts.twins.accepted,
                texts.common.settings,
                texts.common.to,
                texts.common.status,
                texts.common.devices,
              ]}
              stacking
            >
              {groupTwins.map((row) => (
                <tr key={row.id}>
                  <td data-head={texts.twins.accepted}>
                    <a href={`/commands?view=settings&id=${encodeURIComponent(row.id)}`}>
                      <Time ms={row.acceptedMs} />
                    </a>
                  </td>
                  <td data-head={texts.common.settings} class="long-text">
                    <code>{JSON.stringify(row.patch)}</code>
                  </td>
                  <td data-head={texts.common.to}>
                    <code>{row.group ?? row.to}</code>
                  </td>
                  <td data-head={texts.common.status}>
                    <CommandBadge status={row.status} />
                  </td>
                  <td data-head={texts.common.devices}>
                    <WaveBar wave={row} label={texts.twins.ofInSync(row.succeeded, row.targets)} />
                    <span class="quiet">
                      {texts.twins.countedInSync(countWords(row.succeeded), countWords(row.targets))}
                    </span>
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </Panel>
      )}
    </Loaded>
  );
}

function OneGroupTwin({ id }: { id: string }) {
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/group-twins/{id}', { params: { id }, signal }),
    [id],
    ({ open, final }) => (open > 0 || !final ? refreshMs : undefined),
  );
  async function cancel(): Promise<void> {
    try {
      await ask('POST /api/v1/group-twins/{id}/cancel', { params: { id } });
      load.reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Panel
      title={texts.twins.progress}
      aside={
        <button type="button" class="button small" onClick={() => setQuery({ id: '' })}>
          {texts.common.close}
        </button>
      }
    >
      <Loaded load={load} what={texts.twins.theChange}>
        {(view) => (
          <div class="group-progress">
            <p role="status">
              <CommandBadge status={view.status} />{' '}
              {view.status === 'finished' && view.open > 0 && texts.twins.everyWaveIsOut}{' '}
              {texts.twins.ofInSyncFailed(view.succeeded, view.targets, view.failed, view.open)}
            </p>
            <WaveBar wave={view} label={texts.twins.ofInSync(view.succeeded, view.targets)} />
            {maySend('config') && !view.final && (
              <div class="actions">
                <button type="button" class="button danger" onClick={() => void cancel()}>
                  {texts.twins.stop}
                </button>
                <span class="quiet">{texts.twins.noFurtherWaveWhat}</span>
              </div>
            )}
            <ul class="targets">
              {view.devices.slice(0, mostNamed).map(({ device, status, reason }) => (
                <li key={device}>
                  <a href={`/devices/${encodeURIComponent(device)}`}>{device}</a>{' '}
                  <CommandBadge status={status} /> <span class="quiet">{reason}</span>
                </li>
              ))}
            </ul>
            {view.devices.length > mostNamed && (
              <p class="quiet">{texts.common.andMore(view.devices.length - mostNamed)}</p>
            )}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
