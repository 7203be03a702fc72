import { useState } from 'preact/hooks';
import { Dialog } from '../components/dialog.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { countOf } from '../number-words.ts';
import { labelsOf } from '../registration/new-ids.ts';
import { mayAs } from '../session.ts';
import { BulkCommand, type ChosenDevice } from './bulk-command.tsx';
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
  const [isSending, setSending] = useState(false);
  const ids = devices.map(({ id }) => id);
  return (
    <div class="bulk" role="group" aria-label="Chosen devices">
      <span>{countOf(ids.length, 'device')} chosen</span>
      {ids.length <= mostCompared && (
        <a class="button small" href={`/compare?devices=${ids.map(encodeURIComponent).join(',')}`}>
          Compare
        </a>
      )}
      {mayAs('operator') && (
        <button type="button" class="button small" onClick={() => setSending(true)}>
          Send a command…
        </button>
      )}
      {mayAs('admin') &&
        bulkDeeds.map((each) => (
          <button key={each.word} type="button" class="button small" onClick={() => setDeed(each)}>
            {each.word}…
          </button>
        ))}
      <button type="button" class="button small" onClick={onClear}>
        Choose none
      </button>
      {isSending && (
        <Dialog title={`A command to ${countOf(ids.length, 'device')}`} onClose={() => setSending(false)}>
          <BulkCommand devices={devices} onClose={() => setSending(false)} />
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
    if (first === undefined) say('done', `${deed.word}: ${countOf(ids.length, 'device')}`);
    else
      say('fault', `${deed.word}: ${failed.length} of ${ids.length} failed. ${first.id}: ${first.message}`);
  }
  return (
    <>
      {deed.needsLabels === true && (
        <TextField
          label="Labels"
          hint="floor=2, room=kitchen; others stay"
          fault={labels === undefined ? 'Write each as key=value, with commas between them.' : undefined}
          value={text}
          onValue={setText}
        />
      )}
      <TypedConfirm
        title={`${deed.word}: ${countOf(ids.length, 'device')}?`}
        typed={deed.isGrave === true ? String(ids.length) : undefined}
        action={done === undefined ? deed.word : `${done} of ${ids.length}`}
        busy={done !== undefined || !ready}
        onConfirm={() => void carryOut()}
        onBack={onClose}
      >
        <p>{deed.effect}</p>
        <p class="bulk-devices" tabIndex={0} role="group" aria-label="Devices">
          {ids.join(', ')}
        </p>
      </TypedConfirm>
    </>
  );
}
