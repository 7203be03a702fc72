import { Export } from '../components/export.tsx';
import { useState } from 'preact/hooks';
import type { FirmwareView } from '../../../../schemas/api/firmware/firmware.ts';
import { ask } from '../api.ts';
import { Badge, looks } from '../components/badge.tsx';
import { Dialog } from '../components/dialog.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { sizeWords } from '../number-words.ts';
import { mayAs } from '../session.ts';
import { useLoad } from '../use-load.ts';
import { NewArtifact } from './new-artifact.tsx';

/** Firmware that devices may be brought to. */
export function ArtifactList() {
  const load = useLoad((signal) => ask('GET /api/v1/firmware', { signal }), []);
  const isAdmin = mayAs('admin');
  return (
    <div class={isAdmin ? 'columns' : undefined}>
      <Panel
        title="Firmware files"
        aside={<Export name="firmware" rows={async () => (await ask('GET /api/v1/firmware', {})).firmware} />}
      >
        <Loaded load={load} what="the firmware">
          {({ firmware }) =>
            firmware.length === 0 ? (
              <Empty title="No firmware yet">
                <p>A file that an administrator adds is here, and rollouts bring devices to it.</p>
              </Empty>
            ) : (
              <Artifacts firmware={firmware} onChange={load.reload} />
            )
          }
        </Loaded>
      </Panel>
      {isAdmin && <NewArtifact onAdded={load.reload} />}
    </div>
  );
}

function Artifacts({ firmware, onChange }: { firmware: readonly FirmwareView[]; onChange: () => void }) {
  const [removing, setRemoving] = useState<FirmwareView>();
  const isAdmin = mayAs('admin');
  return (
    <>
      <Table
        label="Firmware, newest first"
        heads={[
          'Type',
          'Version',
          'Size',
          'SHA-256',
          'Signed',
          'Added',
          'Used by',
          ...(isAdmin ? ['Remove'] : []),
        ]}
        stacking
      >
        {firmware.map((row) => (
          <tr key={`${row.type} ${row.version}`}>
            <td data-head="Type">{row.type}</td>
            <td data-head="Version">
              {row.version} {row.damaged && <Badge look={looks.bad}>damaged: add it again</Badge>}
            </td>
            <td data-head="Size">{sizeWords(row.size)}</td>
            <td data-head="SHA-256">
              <code title={row.sha256}>{row.sha256.slice(0, 12)}…</code>
              {row.url !== undefined && <p class="quiet long-text">{row.url}</p>}
            </td>
            <td data-head="Signed">{row.signed ? 'yes' : 'no'}</td>
            <td data-head="Added">
              <Time ms={row.addedMs} /> <span class="quiet">{row.actor.replace(/^operator:/, '')}</span>
            </td>
            <td data-head="Used by">
              {row.rollouts.map((id) => (
                <a key={id} href={`/firmware?id=${encodeURIComponent(id)}`}>
                  {id}{' '}
                </a>
              ))}
            </td>
            {isAdmin && (
              <td data-head="Remove">
                {row.rollouts.length === 0 && (
                  <button
                    type="button"
                    class="button small"
                    aria-label={`Remove ${row.type} ${row.version}…`}
                    onClick={() => setRemoving(row)}
                  >
                    Remove…
                  </button>
                )}
              </td>
            )}
          </tr>
        ))}
      </Table>
      {removing !== undefined && (
        <RemoveDialog
          firmware={removing}
          onClose={() => setRemoving(undefined)}
          onRemoved={() => {
            setRemoving(undefined);
            onChange();
          }}
        />
      )}
    </>
  );
}

interface RemoveDialogProps {
  firmware: FirmwareView;
  onClose: () => void;
  onRemoved: () => void;
}

function RemoveDialog({ firmware: { type, version }, onClose, onRemoved }: RemoveDialogProps) {
  const request = useRequest();
  const remove = (): void =>
    void request.run(
      () => ask('DELETE /api/v1/firmware/{type}/{version}', { params: { type, version } }),
      () => {
        say('done', `${type} ${version} was removed`);
        onRemoved();
      },
    );
  return (
    <Dialog title="Remove firmware" onClose={onClose}>
      <Refusal error={request.error} />
      <TypedConfirm
        title={`Remove ${type} ${version}?`}
        typed={undefined}
        action="Remove"
        busy={request.busy}
        onConfirm={remove}
        onBack={onClose}
      >
        <p>Its file is deleted. Devices that run it go on. It can be added again.</p>
      </TypedConfirm>
    </Dialog>
  );
}
