import { useState } from 'preact/hooks';
import { Dialog } from '../components/dialog.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { labelsOf } from '../registration/new-ids.ts';
import { mayAs, maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { BulkCommand } from './bulk-command.tsx';
import { BulkSettings } from './bulk-settings.tsx';
import type { ChosenDevice } from './chosen-type.tsx';
import { bulkDeeds, forEach, type BulkDeed } from './bulk.ts';

/** Devices that are compared at most. */
const mostCompared = 8;

interface BulkBarProps {
  devices: readonly ChosenDevice[];
  onClear: () => void;
}

/** What can be done with the devices that were chosen. */
export function BulkBar({ devices, onClear }: BulkBarProps) {
  const [deed, setDeed] = useState<BulkDeed>();
  const [form, setForm] = useState<'command' | 'settings'>();
  const closeForm = (): void => setForm(undefined);
  const ids = devices.map(({ id }) => id);
  return (
    <div class="bulk" role="group" aria-label={texts.fleet.chosenDevices}>
      <span>{texts.fleet.devicesChosen(texts.counts.devices(ids.length))}</span>
      {ids.length <= mostCompared && (
        <a class="button small" href={`/compare?devices=${ids.map(encodeURIComponent).join(',')}`}>
          {texts.fleet.compare}
        </a>
      )}
      {mayAs('operator') && (
        <button type="button" class="button small" onClick={() => setForm('command')}>
          {texts.fleet.sendACommand}
        </button>
      )}
      {maySend('config') && (
        <button type="button" class="button small" onClick={() => setForm('settings')}>
          {texts.twins.changeSettingsEllipsis}
        </button>
      )}
      {mayAs('admin') &&
        bulkDeeds.map((each) => (
          <button key={each.word} type="button" class="button small" onClick={() => setDeed(each)}>
            {each.word}…
          </button>
        ))}
      <button type="button" class="button small" onClick={onClear}>
        {texts.fleet.chooseNone}
      </button>
      {form === 'command' && (
        <Dialog title={texts.fleet.aCommandTo(texts.counts.devices(ids.length))} onClose={closeForm}>
          <BulkCommand devices={devices} onClose={closeForm} />
        </Dialog>
      )}
      {form === 'settings' && (
        <Dialog title={texts.fleet.settingsOf(texts.counts.devices(ids.length))} onClose={closeForm}>
          <BulkSettings devices={devices} onClose={closeForm} />
        </Dialog>
      )}
      {deed !== undefined && (
        <Dialog title={deed.word} onClose={() => setDeed(undefined)}>
          <Preview ids={ids} deed={deed} onClose={() => setDeed(undefined)} />
        </Dialog>
      )}
    </div>
  );
}

/** Which devices it is about, and what will happen to them. */
function Preview({ ids, deed, onClose }: { ids: readonly string[]; deed: BulkDeed; onClose: () => void }) {
  const [text, setText] = useState('');
  const [done, setDone] = useState<number>();
  const labels = labelsOf(text);
  const ready = deed.needsLabels !== true || (labels !== undefined && Object.keys(labels).length > 0);
  async function carryOut(): Promise<void> {
    if (!ready) return;
    setDone(0);
    const failed = await forEach(ids, (id) => deed.act(id, labels ?? {}), setDone);
    onClose();
    const [first] = failed;
    if (first === undefined) say('done', `${deed.word}: ${texts.counts.devices(ids.length)}`);
    else say('fault', texts.fleet.someFailed(deed.word, failed.length, ids.length, first.id, first.message));
  }
  return (
    <>
      {deed.needsLabels === true && (
        <TextField
          label={texts.fleet.labels}
          hint={texts.fleet.floor2RoomKitchenOthers}
          fault={labels === undefined ? texts.fleet.writeEachAsKeyValue : undefined}
          value={text}
          onValue={setText}
        />
      )}
      <TypedConfirm
        title={`${deed.word}: ${texts.counts.devices(ids.length)}?`}
        typed={deed.isGrave === true ? String(ids.length) : undefined}
        action={done === undefined ? deed.word : texts.common.partOf(done, ids.length)}
        busy={done !== undefined || !ready}
        onConfirm={() => void carryOut()}
        onBack={onClose}
      >
        <p>{deed.effect}</p>
        <p class="bulk-devices" tabIndex={0} role="group" aria-label={texts.common.devices}>
          {ids.join(', ')}
        </p>
      </TypedConfirm>
    </>
  );
}
