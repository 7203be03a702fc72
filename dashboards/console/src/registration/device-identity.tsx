import { useState } from 'preact/hooks';
import type { CredentialSummary } from '../../../../schemas/api/credentials.ts';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { ask, messageOf } from '../api.ts';
import { CopyText } from '../components/copy-text.tsx';
import { Dialog } from '../components/dialog.tsx';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Age, Time } from '../components/time.tsx';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { useLoad } from '../use-load.ts';
import { LabelForm } from './label-form.tsx';

/** For administrators: what the device proves itself with, its labels, and whether it may connect at all. */
export function DeviceIdentity({ details, reload }: { details: DeviceDetails; reload: () => void }) {
  const { id } = details;
  const load = useLoad(
    (signal) => ask('GET /api/v1/devices/{id}/credentials', { params: { id }, signal }),
    [id],
  );
  const [secret, setSecret] = useState<string>();
  async function change(what: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await what();
      say('done', done);
      load.reload();
      reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  async function addSecret(): Promise<void> {
    const made = await ask('POST /api/v1/devices/{id}/credentials', { params: { id }, body: {} });
    // Without a public key a secret is what comes.
    setSecret('secret' in made ? made.secret : undefined);
  }
  return (
    <Panel title="Identity">
      <Loaded load={load} what="the credentials">
        {({ credentials }) => <Credentials device={id} credentials={credentials} change={change} />}
      </Loaded>
      {secret !== undefined && (
        <p class="note">
          Shown this once: <CopyText text={secret} label="the new secret" />
        </p>
      )}
      <div class="actions">
        <button
          type="button"
          class="button small"
          onClick={() => void change(addSecret, 'A second secret was made')}
        >
          Add a secret
        </button>
        <button
          type="button"
          class="button small"
          onClick={() =>
            void change(
              () => ask('POST /api/v1/rotations', { body: { ids: [id] } }),
              `${id} gets a new secret when it is connected; the old one is valid until the new one is used`,
            )
          }
        >
          Rotate the secret
        </button>
      </div>
      <LabelForm details={details} onDone={reload} />
      <Standing details={details} change={change} />
    </Panel>
  );
}

type Change = (what: () => Promise<unknown>, done: string) => Promise<void>;

interface CredentialsProps {
  device: string;
  credentials: readonly CredentialSummary[];
  change: Change;
}

const stateWords: Readonly<Record<CredentialSummary['state'], string>> = {
  active: 'in use',
  next: 'its first use retires the others',
};

function Credentials({ device, credentials, change }: CredentialsProps) {
  const [revoking, setRevoking] = useState<string>();
  const revoke = (credential: string): void => {
    setRevoking(undefined);
    void change(
      () =>
        ask('DELETE /api/v1/devices/{id}/credentials/{credential}', { params: { id: device, credential } }),
      `${credential} was revoked`,
    );
  };
  return (
    <>
      <Table label="Credentials" heads={['Credential', 'Kind', 'Made', 'Revoke']} stacking>
        {credentials.map(({ id, kind, state, createdMs, notAfterMs }) => (
          <tr key={id}>
            <td data-head="Credential">
              <code>{id}</code> <span class="quiet">{stateWords[state]}</span>
            </td>
            <td data-head="Kind">{kind}</td>
            <td data-head="Made">
              <Age ms={createdMs} />
              {notAfterMs !== undefined && (
                <span class="quiet">
                  , until <Time ms={notAfterMs} />
                </span>
              )}
            </td>
            <td data-head="Revoke">
              <button
                type="button"
                class="button small"
                aria-label={`Revoke ${id}…`}
                onClick={() => setRevoking(id)}
              >
                Revoke…
              </button>
            </td>
          </tr>
        ))}
      </Table>
      {revoking !== undefined && (
        <Dialog title="Revoke a credential" onClose={() => setRevoking(undefined)}>
          <TypedConfirm
            title={`Revoke ${revoking}?`}
            typed={undefined}
            action="Revoke"
            onConfirm={() => revoke(revoking)}
            onBack={() => setRevoking(undefined)}
          >
            <p>
              The session that was opened with it ends at once.
              {credentials.length === 1 && ' It is the last one: the device cannot connect any more.'}
            </p>
          </TypedConfirm>
        </Dialog>
      )}
    </>
  );
}

function Standing({ details: { id, disabled }, change }: { details: DeviceDetails; change: Change }) {
  const [removing, setRemoving] = useState(false);
  const request = useRequest();
  return (
    <div class="actions">
      {disabled === true ? (
        <button
          type="button"
          class="button small"
          onClick={() =>
            void change(
              () => ask('POST /api/v1/devices/{id}/enable', { params: { id } }),
              `${id} may connect again`,
            )
          }
        >
          Enable
        </button>
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() =>
            void change(
              () => ask('POST /api/v1/devices/{id}/disable', { params: { id } }),
              `${id} is refused`,
            )
          }
        >
          Disable
        </button>
      )}
      <button type="button" class="button small danger" onClick={() => setRemoving(true)}>
        Remove…
      </button>
      {removing && (
        <Dialog title="Remove the device" onClose={() => setRemoving(false)}>
          <Refusal error={request.error} />
          <TypedConfirm
            title={`Remove ${id}?`}
            typed={id}
            action="Remove for good"
            busy={request.busy}
            onConfirm={() =>
              void request.run(
                () => ask('DELETE /api/v1/devices/{id}', { params: { id } }),
                () => {
                  say('done', `${id} was removed`);
                  setRemoving(false);
                },
              )
            }
            onBack={() => setRemoving(false)}
          >
            <p>
              Its session and its open commands end; its credentials, labels and settings are deleted.
              Readings that are stored stay in the metrics store, and the audit stays.
            </p>
          </TypedConfirm>
        </Dialog>
      )}
    </div>
  );
}
