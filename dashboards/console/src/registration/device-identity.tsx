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
import { texts } from '../texts/texts.ts';
import { seesAll } from '../session.ts';
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
    <Panel
      title={texts.registration.identity}
      aside={
        seesAll() && (
          <a href={`/hub?view=audit&subject=${encodeURIComponent(id)}`}>{texts.registration.whoChangedIt}</a>
        )
      }
    >
      <Loaded load={load} what={texts.registration.theCredentials}>
        {({ credentials }) => <Credentials device={id} credentials={credentials} change={change} />}
      </Loaded>
      {secret !== undefined && (
        <p class="note">
          {texts.registration.shownThisOnce}{' '}
          <CopyText text={secret} label={texts.registration.theNewSecret} />
        </p>
      )}
      <div class="actions">
        <button
          type="button"
          class="button small"
          onClick={() => void change(addSecret, texts.registration.secondSecretWasMade)}
        >
          {texts.registration.addASecret}
        </button>
        <button
          type="button"
          class="button small"
          onClick={() =>
            void change(
              () => ask('POST /api/v1/rotations', { body: { ids: [id] } }),
              texts.registration.getsANewSecret(id),
            )
          }
        >
          {texts.registration.rotateTheSecret}
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

const stateWords: Readonly<Record<CredentialSummary['state'], string>> = texts.registration.stateWords;

function Credentials({ device, credentials, change }: CredentialsProps) {
  const [revoking, setRevoking] = useState<string>();
  const revoke = (credential: string): void => {
    setRevoking(undefined);
    void change(
      () =>
        ask('DELETE /api/v1/devices/{id}/credentials/{credential}', { params: { id: device, credential } }),
      texts.registration.credentialWasRevoked(credential),
    );
  };
  return (
    <>
      <Table
        label={texts.registration.credentials}
        heads={[
          texts.registration.credential,
          texts.common.kind,
          texts.common.made,
          texts.registration.revoke,
        ]}
        stacking
      >
        {credentials.map(({ id, kind, state, createdMs, notAfterMs }) => (
          <tr key={id}>
            <td data-head={texts.registration.credential}>
              <code>{id}</code> <span class="quiet">{stateWords[state]}</span>
            </td>
            <td data-head={texts.common.kind}>{kind}</td>
            <td data-head={texts.common.made}>
              {notAfterMs === undefined ? (
                <Age ms={createdMs} />
              ) : (
                texts.registration.madeUntil(<Age ms={createdMs} />, <Time ms={notAfterMs} />)
              )}
            </td>
            <td data-head={texts.registration.revoke}>
              <button
                type="button"
                class="button small"
                aria-label={texts.registration.revokeId(id)}
                onClick={() => setRevoking(id)}
              >
                {texts.registration.revokeEllipsis}
              </button>
            </td>
          </tr>
        ))}
      </Table>
      {revoking !== undefined && (
        <Dialog title={texts.registration.revokeACredential} onClose={() => setRevoking(undefined)}>
          <TypedConfirm
            title={texts.registration.revokeRevoking(revoking)}
            typed={undefined}
            action={texts.registration.revoke}
            onConfirm={() => revoke(revoking)}
            onBack={() => setRevoking(undefined)}
          >
            <p>
              {texts.registration.sessionThatWasOpened}{' '}
              {credentials.length === 1 && texts.registration.itIsTheLastOne}
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
              texts.registration.mayConnectAgain(id),
            )
          }
        >
          {texts.registration.enable}
        </button>
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() =>
            void change(
              () => ask('POST /api/v1/devices/{id}/disable', { params: { id } }),
              texts.registration.idIsRefused(id),
            )
          }
        >
          {texts.registration.disable}
        </button>
      )}
      <button type="button" class="button small danger" onClick={() => setRemoving(true)}>
        {texts.common.removeEllipsis}
      </button>
      {removing && (
        <Dialog title={texts.registration.removeTheDevice} onClose={() => setRemoving(false)}>
          <Refusal error={request.error} />
          <TypedConfirm
            title={texts.registration.removeId(id)}
            typed={id}
            action={texts.registration.removeForGood}
            busy={request.busy}
            onConfirm={() =>
              void request.run(
                () => ask('DELETE /api/v1/devices/{id}', { params: { id } }),
                () => {
                  say('done', texts.registration.idWasRemoved(id));
                  setRemoving(false);
                },
              )
            }
            onBack={() => setRemoving(false)}
          >
            <p>{texts.registration.itsSessionAndItsOpen}</p>
          </TypedConfirm>
        </Dialog>
      )}
    </div>
  );
}
