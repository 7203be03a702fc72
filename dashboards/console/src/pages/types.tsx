import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { query } from '../router.ts';
import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import { Rejects } from '../device-types/rejects-panel.tsx';
import { TypeDetail } from '../device-types/type-detail.tsx';
import { TypeEditor } from '../device-types/type-editor.tsx';
import { familiesOf } from '../device-types/type-view.ts';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** What devices may send and receive: the device types, and the readings that did not match them. */
export function TypesPage() {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  const rejects = useLoad((signal) => ask('GET /api/v1/rejects', { signal }), []);
  return (
    <>
      <header class="page-head">
        <h1>{texts.deviceTypes.deviceTypes}</h1>
      </header>
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {({ types: rows }) => {
          const chosen = query.value.get('type') ?? rows[0]?.id;
          if (chosen === undefined) {
            return (
              <Empty title={texts.deviceTypes.noDeviceTypes}>
                <p>{texts.deviceTypes.deviceTypesAreFiles}</p>
              </Empty>
            );
          }
          if (query.value.has('edit') && mayAs('admin'))
            return <ChangeType key={chosen} id={chosen} rows={rows} onPublished={types.reload} />;
          return (
            <>
              <TypeNav rows={rows} chosen={chosen} />
              <Loaded load={rejects} what={texts.deviceTypes.theRejectedReadings}>
                {({ rejects: all }) => (
                  <Rejects
                    type={chosen}
                    rejects={all.filter(({ type }) => type === chosen)}
                    reload={rejects.reload}
                  />
                )}
              </Loaded>
              <TypeDetail key={chosen} id={chosen} />
            </>
          );
        }}
      </Loaded>
    </>
  );
}

interface ChangeTypeProps {
  readonly id: string;
  readonly rows: readonly TypeRow[];
  readonly onPublished: () => void;
}

function ChangeType({ id, rows, onPublished }: ChangeTypeProps) {
  const load = useLoad((signal) => ask('GET /api/v1/device-types/{id}', { params: { id }, signal }), [id]);
  return (
    <Loaded load={load} what={id}>
      {(type) => <TypeEditor type={type} rows={rows} onPublished={onPublished} />}
    </Loaded>
  );
}

function TypeNav({ rows, chosen }: { readonly rows: readonly TypeRow[]; readonly chosen: string }) {
  return (
    <Panel
      title={texts.deviceTypes.typesAndVersions}
      aside={<Export name="device-types" rows={() => rows} />}
    >
      <ul class="families">
        {familiesOf(rows).map(({ name, versions, devices }) => (
          <li key={name}>
            <span class="family-name">{name}</span>
            <span class="quiet">{texts.counts.devices(devices)}</span>
            <ul class="versions" aria-label={texts.deviceTypes.versionsOfName(name)}>
              {versions.map(({ id, devices: own }) => (
                <li key={id}>
                  <a
                    href={`/types?type=${encodeURIComponent(id)}`}
                    aria-current={id === chosen ? 'page' : undefined}
                  >
                    {id}
                  </a>{' '}
                  {own > 0 && (
                    <a class="quiet" href={`/devices?q=${encodeURIComponent(`type:${id}`)}`}>
                      {texts.counts.devices(own)}
                    </a>
                  )}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
