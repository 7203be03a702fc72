import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { CopyButton, CopyText } from '../components/copy-text.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { QrCode } from '../components/qr-code.tsx';
import { Loaded } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { TextField } from '../components/text-field.tsx';
import { countOf } from '../number-words.ts';
import { usualUrl } from '../playground/usual-url.ts';
import { useLoad } from '../use-load.ts';
import { Connecting } from './connecting.tsx';
import { snippetsFor } from './snippets.ts';

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
          ? `${first.id} is registered`
          : `${countOf(devices.length, 'device')} are registered`
      }
      aside={
        <button type="button" class="button small" onClick={onDone}>
          Done
        </button>
      }
    >
      <div class="new-secrets">
        <p class="note">
          {devices.length === 1 ? 'The secret is' : 'The secrets are'} shown this once: the hub keeps only a
          hash.
        </p>
        <Connecting ids={devices.map(({ id }) => id)} />
        {devices.length === 1 ? (
          <OneSecret id={first.id} secret={first.secret} type={type} />
        ) : (
          <>
            <p>
              Save them: <Export name="credentials" rows={() => devices} />
            </p>
            <Table label="Secrets" heads={['Device', 'Secret']} name="long-scroll">
              {devices.map(({ id, secret }) => (
                <tr key={id}>
                  <td>
                    <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>
                  </td>
                  <td>
                    <CopyText text={secret} label={`the secret of ${id}`} />
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
  const [url, setUrl] = useState(usualUrl);
  const definition = useLoad(
    (signal) => ask('GET /api/v1/device-types/{id}', { params: { id: type }, signal }),
    [type],
  );
  return (
    <>
      <div class="secret-and-code">
        <div>
          <p>
            Secret of <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>
          </p>
          <CopyText text={secret} label="the secret" />
          <TextField
            label="Address of the hub for devices"
            hint="As the device reaches it. The snippets and the code have it."
            value={url}
            onValue={setUrl}
          />
        </div>
        <QrCode
          text={JSON.stringify({ url, id, secret, type })}
          label={`Address, id, secret and type of ${id}`}
        />
      </div>
      <Loaded load={definition} what="the device type">
        {(loaded) => (
          <div class="snippets">
            {snippetsFor({ url, id, type: loaded }).map(({ name, text }) => (
              <details key={name} open={name === 'Simulator'}>
                <summary>{name}</summary>
                <pre tabIndex={0}>{text}</pre>
                <CopyButton text={text} label={`the ${name} snippet`} />
              </details>
            ))}
            <p class="quiet">They read the secret from the environment: SECRET=… before the command.</p>
          </div>
        )}
      </Loaded>
    </>
  );
}
