import { useState } from 'preact/hooks';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { ask } from '../api.ts';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { texts } from '../texts/texts.ts';
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
        say('done', texts.registration.labelsOfAreSaved(id));
        onDone();
      },
    );
  };
  return (
    <form
      class="label-form"
      aria-label={texts.registration.labels}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Refusal error={request.error} />
      <TextField
        label={texts.registration.labels}
        name="/set"
        hint={texts.registration.labelsExample}
        fault={after === undefined ? texts.registration.writeEachAsKeyValue : undefined}
        value={text}
        onValue={setText}
      />
      <button
        type="submit"
        class="button small"
        disabled={request.busy || after === undefined || text === before}
      >
        {texts.registration.saveLabels}
      </button>
    </form>
  );
}
