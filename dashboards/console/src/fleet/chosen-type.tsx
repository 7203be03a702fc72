import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { TypeDefinition } from '../../../../schemas/api/device-types.ts';
import { ask } from '../api.ts';
import { SelectField } from '../components/select-field.tsx';
import { Loaded } from '../components/states.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** A device that was chosen. */
export interface ChosenDevice {
  readonly id: string;
  readonly type: string;
}

interface ChosenTypeProps {
  readonly devices: readonly ChosenDevice[];
  /** @param ids the devices of this type */
  readonly children: (type: TypeDefinition, ids: readonly string[]) => ComponentChildren;
}

/** For what differs by type: the devices of one, and how many others are left out. */
export function ChosenType({ devices, children }: ChosenTypeProps) {
  const types = [...new Set(devices.map(({ type }) => type))];
  const [typeId = '', setTypeId] = useState(types[0]);
  const load = useLoad(
    (signal) => ask('GET /api/v1/device-types/{id}', { params: { id: typeId }, signal }),
    [typeId],
  );
  const ids = devices.filter((device) => device.type === typeId).map(({ id }) => id);
  return (
    <div class="command-form">
      {types.length > 1 && (
        <SelectField
          label={texts.common.deviceType}
          hint={texts.fleet.ofOtherTypesWillNot(texts.counts.chosenDevices(devices.length - ids.length))}
          value={typeId}
          onValue={setTypeId}
          choices={types.map((id) => [id, id])}
        />
      )}
      <Loaded load={load} what={texts.common.theDeviceType}>
        {(type) => children(type, ids)}
      </Loaded>
    </div>
  );
}
