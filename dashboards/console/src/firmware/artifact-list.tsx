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
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { NewArtifact } from './new-artifact.tsx';

/** Firmware that devices may be brought to. */
export function ArtifactList() {
  const load = useLoad((signal) => ask('GET /api/v1/firmware', { signal }), []);
  const isAdmin = mayAs('admin');
  return (
    <div class={isAdmin ? 'columns' : undefined}>
      <Panel
        title={texts.firmware.firmwareFiles}
        aside={<Export name="firmware" rows={async () => (await ask('GET /api/v1/firmware', {})).firmware} />}
      >
        <Loaded load={load} what={texts.firmware.theFirmware}>
          {({ firmware }) =>
            firmware.length === 0 ? (
              <Empty title={texts.firmware.noFirmwareYet}>
                <p>{texts.firmware.fileThatAnAdministratorAdds}</p>
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
        label={texts.firmware.firmwareNewestFirst}
        heads={[
          texts.common.type,
          texts.firmware.version,
          texts.firmware.size,
          'SHA-256',
          texts.firmware.signed,
          texts.firmware.added,
          texts.firmware.usedBy,
          ...(isAdmin ? [texts.common.remove] : []),
        ]}
        stacking
      >
        {firmware.map((row) => (
          <tr key={`${row.type} ${row.version}`}>
            <td data-head={texts.common.type}>{row.type}</td>
            <td data-head={texts.firmware.version}>
              {row.version}{' '}
              {row.damaged && <Badge look={looks.bad}>{texts.firmware.damagedAddItAgain}</Badge>}
            </td>
            <td data-head={texts.firmware.size}>{sizeWords(row.size)}</td>
            <td data-head={texts.firmware.sha256}>
              <code title={row.sha256}>{row.sha256.slice(0, 12)}…</code>
              {row.url !== undefined && <p class="quiet long-text">{row.url}</p>}
            </td>
            <td data-head={texts.firmware.signed}>{row.signed ? texts.firmware.yes : texts.firmware.no}</td>
            <td data-head={texts.firmware.added}>
              <Time ms={row.addedMs} /> <span class="quiet">{row.actor.replace(/^operator:/, '')}</span>
            </td>
            <td data-head={texts.firmware.usedBy}>
              {row.rollouts.map((id) => (
                <a key={id} href={`/firmware?id=${encodeURIComponent(id)}`}>
                  {id}{' '}
                </a>
              ))}
            </td>
            {isAdmin && (
              <td data-head={texts.common.remove}>
                {row.rollouts.length === 0 && (
                  <button
                    type="button"
                    class="button small"
                    aria-label={texts.firmware.removeTypeVersion(row.type, row.version)}
                    onClick={() => setRemoving(row)}
                  >
                    {texts.common.removeEllipsis}
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
        say('done', texts.firmware.typeVersionWasRemoved(type, version));
        onRemoved();
      },
    );
  return (
    <Dialog title={texts.firmware.removeFirmware} onClose={onClose}>
      <Refusal error={request.error} />
      <TypedConfirm
        title={texts.firmware.removeTypeVersionQuestion(type, version)}
        typed={undefined}
        action={texts.common.remove}
        busy={request.busy}
        onConfirm={remove}
        onBack={onClose}
      >
        <p>{texts.firmware.itsFileIsDeletedDevices}</p>
      </TypedConfirm>
    </Dialog>
  );
}
