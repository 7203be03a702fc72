import type { TargetedInputEvent } from 'preact';
import { useState } from 'preact/hooks';
import type { TypeRow } from '../../../../schemas/api/device-types.ts';
import { ask, messageOf } from '../api.ts';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { mayAs } from '../session.ts';
import { useDeviceDoor } from '../registration/use-device-door.ts';
import { texts } from '../texts/texts.ts';
import { PlayedDevice } from './played-device.ts';

interface ConnectFormProps {
  readonly types: readonly TypeRow[];
  readonly begun: (device: PlayedDevice) => void;
}

/** Which device this page shall be. */
export function ConnectForm({ types, begun }: ConnectFormProps) {
  const [type, setType] = useState(types[0]?.id ?? '');
  const door = useDeviceDoor();
  const [given, setUrl] = useState<string>();
  const url = given ?? door.url;
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [fault, setFault] = useState<string>();

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setFault(undefined);
    try {
      await work();
    } catch (error) {
      setFault(messageOf(error));
    }
  };
  const register = (): Promise<void> =>
    attempt(async () => {
      const name = `playground-${Math.random().toString(36).slice(2, 8)}`;
      const { devices } = await ask('POST /api/v1/devices', { body: { ids: [name], type, site: 'default' } });
      setId(name);
      setSecret(devices[0]?.secret ?? '');
    });
  const connect = (): Promise<void> =>
    attempt(async () => {
      const definition = await ask('GET /api/v1/device-types/{id}', { params: { id: type } });
      begun(await PlayedDevice.begin(definition, { url, id, secret }));
    });

  return (
    <Panel title={texts.common.device}>
      <form
        class="play-form"
        aria-label={texts.common.device}
        onSubmit={(event) => {
          event.preventDefault();
          void connect();
        }}
      >
        <Field label={texts.common.deviceType}>
          {(control) => (
            <select {...control} value={type} onChange={({ currentTarget }) => setType(currentTarget.value)}>
              {types.map(({ id: each }) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          )}
        </Field>
        <TextField label={texts.playground.addressOfTheHub} value={url} change={setUrl} />
        <TextField label={texts.playground.deviceId} value={id} change={setId} />
        <TextField label={texts.common.secret} isSecret value={secret} change={setSecret} />
        <div class="play-buttons">
          <button type="submit" class="button primary">
            {texts.playground.connect}
          </button>
          {mayAs('admin') && (
            <button type="button" class="button" onClick={() => void register()}>
              {texts.playground.registerANewDevice}
            </button>
          )}
        </div>
        {fault !== undefined && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
      </form>
      <p class="hint">
        {texts.playground.hubTakesDevicesFromPages(
          <code>{location.origin}</code>,
          <code>device remove</code>,
        )}
      </p>
    </Panel>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly isSecret?: boolean;
}

function TextField({ label, value, change, isSecret = false }: TextFieldProps) {
  return (
    <Field label={label}>
      {(control) => {
        const common = {
          ...control,
          required: true,
          autocomplete: 'off',
          value,
          onInput: ({ currentTarget }: TargetedInputEvent<HTMLInputElement>) => change(currentTarget.value),
        };
        return isSecret ? <input {...common} type="password" /> : <input {...common} type="text" />;
      }}
    </Field>
  );
}
