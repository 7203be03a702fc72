import { useState } from 'preact/hooks';
import type { CommandDefinition, DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Loaded } from '../components/states.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { commandWords } from './command-titles.ts';
import { ScheduleForm } from './schedule-form.tsx';

/** Makes a schedule: a command to a selection of devices, at times or once. */
export function NewSchedule({ onAdded }: { onAdded: () => void }) {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  const [typeId, setTypeId] = useState('');
  return (
    <Panel title={texts.commands.newSchedule}>
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {({ types: rows }) => {
          const able = rows.filter(({ commands }) => commands.length > 0);
          const chosen = typeId === '' ? (able.find(({ devices }) => devices > 0) ?? able[0])?.id : typeId;
          if (chosen === undefined) return <p class="quiet">{texts.commands.noDeviceTypeHasCommands}</p>;
          return (
            <div class="command-form">
              <SelectField
                label={texts.common.deviceType}
                value={chosen}
                onValue={setTypeId}
                choices={able.map(({ id }) => [id, id])}
              />
              <OfType key={chosen} typeId={chosen} onAdded={onAdded} />
            </div>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function OfType({ typeId, onAdded }: { typeId: string; onAdded: () => void }) {
  const type = useLoad(
    (signal) => ask('GET /api/v1/device-types/{id}', { params: { id: typeId }, signal }),
    [typeId],
  );
  const [name, setName] = useState('');
  return (
    <Loaded load={type} what={texts.common.theDeviceType}>
      {(loaded) => {
        const names = Object.keys(loaded.commands ?? {});
        const command = names.includes(name) ? name : (names[0] ?? '');
        return (
          <>
            <SelectField
              label={texts.common.command}
              value={command}
              onValue={setName}
              choices={names.map((each) => [each, commandWords(each, loaded.commands?.[each]?.title)])}
            />
            {definitionOf(loaded, command) !== undefined && (
              <ScheduleForm
                key={command}
                to={`type=${loaded.name}`}
                command={command}
                definition={definitionOf(loaded, command)}
                before={undefined}
                onDone={onAdded}
              />
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function definitionOf({ commands }: DeviceTypeDefinition, name: string): CommandDefinition | undefined {
  return commands?.[name];
}
