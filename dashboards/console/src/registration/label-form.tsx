import { useState } from 'preact/hooks';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { ask } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { labelsOf } from './new-ids.ts';

/** All labels of a device as one text. */
export function LabelForm({ details, onDone }: { details: DeviceDetails; onDone: () => void }) {
  const { id, labels } = details;
  const before = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  const [text, setText] = useState(before);
  const request = useRequest();
  const after = labelsOf(text);
  const save = (): void => {
    if (after === undefined) return;
    const body = { set: after, remove: Object.keys(labels).filter((key) => !(key in after)) };
    void request.run(
      () => ask('PATCH /api/v1/devices/{id}/labels', { params: { id }, body }),
      () => {
        say('done', `The labels of ${id} are saved`);
        onDone();
      },
    );
  };
  return (
    <form
      class="label-form"
      aria-label="Labels"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Refusal error={request.error} />
      <TextField
        label="Labels"
        name="/set"
        hint="floor=2, room=kitchen; selectors and filters use them"
        fault={after === undefined ? 'Write each as key=value, with commas between them.' : undefined}
        value={text}
        onValue={setText}
      />
      <button
        type="submit"
        class="button small"
        disabled={request.busy || after === undefined || text === before}
      >
        Save labels
      </button>
    </form>
  );
}
