import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { CopyButton, CopyText } from '../components/copy-text.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { TextField } from '../components/text-field.tsx';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { Connecting } from './connecting.tsx';
import { useDeviceDoor } from './use-device-door.ts';
import { secretLine, snippetsFor } from './snippets.ts';

export interface NewDevicesMade {
  readonly type: string;
  readonly devices: readonly { id: string; secret: string }[];
}

/** The secrets of new devices, which nobody can see again, and how a device is set up with its own. */
export function NewSecrets({ made, onDone }: { made: NewDevicesMade; onDone: () => void }) {
  const { devices, type } = made;
  const [first] = devices;
  if (first === undefined) return null;
  return (
    <Panel
      title={
        devices.length === 1
          ? texts.registration.idIsRegistered(first.id)
          : texts.registration.devicesAreRegistered(texts.counts.devices(devices.length))
      }
      aside={
        <button type="button" class="button small" onClick={onDone}>
          {texts.registration.done}
        </button>
      }
    >
      <div class="new-secrets">
        <p class="note">
          {devices.length === 1 ? texts.registration.secretShownOnce : texts.registration.secretsShownOnce}
        </p>
        <Connecting ids={devices.map(({ id }) => id)} />
        {devices.length === 1 ? (
          <OneSecret id={first.id} secret={first.secret} type={type} />
        ) : (
          <>
            <p>
              {texts.registration.saveThem} <Export name="credentials" rows={() => devices} />
            </p>
            <Table
              label={texts.registration.secrets}
              heads={[texts.common.device, texts.common.secret]}
              name="long-scroll"
            >
              {devices.map(({ id, secret }) => (
                <tr key={id}>
                  <td>
                    <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>
                  </td>
                  <td>
                    <CopyText text={secret} label={texts.registration.theSecretOf(id)} />
                  </td>
                </tr>
              ))}
            </Table>
          </>
        )}
      </div>
    </Panel>
  );
}

function OneSecret({ id, secret, type }: { id: string; secret: string; type: string }) {
  const door = useDeviceDoor();
  const [given, setUrl] = useState<string>();
  const url = given ?? door.url;
  const definition = useLoad(
    (signal) => ask('GET /api/v1/device-types/{id}', { params: { id: type }, signal }),
    [type],
  );
  return (
    <>
      <div class="secret-and-code">
        <div>
          <p>{texts.registration.secretOfId(<a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>)}</p>
          <CopyText text={secret} label={texts.registration.theSecret} />
          <TextField
            label={texts.registration.addressOfTheHub}
            hint={texts.registration.asTheDeviceReaches}
            value={url}
            onValue={setUrl}
          />
        </div>
        <QrCode
          text={JSON.stringify({ url, id, secret, type })}
          label={texts.registration.addressIdSecretAndType(id)}
        />
      </div>
      <Loaded load={definition} what={texts.common.theDeviceType}>
        {(loaded) => (
          <div class="snippets">
            <p class="quiet">{texts.registration.theyReadTheSecret}</p>
            <CopyText text={secretLine(secret)} label={texts.registration.theLineOfTheSecret} />
            {snippetsFor({ url, ca: door.ca, id, type: loaded }).map(({ name, text }) => (
              <details key={name} open={name === 'Simulator'}>
                <summary>{name}</summary>
                <pre tabIndex={0}>{text}</pre>
                <CopyButton text={text} label={texts.registration.theNameSnippet(name)} />
              </details>
            ))}
          </div>
        )}
      </Loaded>
    </>
  );
}
