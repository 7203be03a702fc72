import { useState } from 'preact/hooks';
import type { Enrolment as Token, EnrolmentRequest } from '../../../../schemas/api/enrolments.ts';
import { ask, messageOf } from '../api.ts';
import { CopyButton, CopyText } from '../components/copy-text.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Age, Time } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';
import { useDeviceDoor } from './use-device-door.ts';
import { NewEnrolment } from './new-enrolment.tsx';
import { Rotations } from './rotations.tsx';
import { enrolLine, type NewToken } from './snippets.ts';

/** How often devices that wait are looked for, ms. */
const refreshMs = 5_000;

/** Tokens with which new devices fetch their identity, and devices that wait for somebody's word. */
export function Enrolment() {
  const [token, setToken] = useState<NewToken>();
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/enrolments', { signal }),
    [],
    () => refreshMs,
  );
  const door = useDeviceDoor();
  const enrolling = token === undefined ? '' : enrolLine(door, token);
  async function change(what: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await what();
      say('done', done);
      load.reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <div class="columns">
      <div class="column">
        <Loaded load={load} what={texts.registration.theEnrolmentTokens}>
          {({ enrolments, requests }) => (
            <>
              <Requests requests={requests} change={change} />
              <Tokens tokens={enrolments} change={change} />
            </>
          )}
        </Loaded>
        <Rotations />
      </div>
      <div class="column">
        {token !== undefined && (
          <Panel title={texts.registration.theNewToken}>
            <div class="snippets">
              <p class="note">{texts.registration.itIsShownThisOnce}</p>
              <CopyText text={token.token} label={texts.registration.theToken} />
              <p class="quiet">{texts.registration.devicePosts}</p>
              <pre tabIndex={0}>{enrolling}</pre>
              <CopyButton text={enrolling} label={texts.registration.theCommandLine} />
            </div>
          </Panel>
        )}
        <NewEnrolment
          onMade={(made) => {
            setToken(made);
            load.reload();
          }}
        />
      </div>
    </div>
  );
}

type Change = (what: () => Promise<unknown>, done: string) => Promise<void>;

function Requests({ requests, change }: { requests: readonly EnrolmentRequest[]; change: Change }) {
  const waiting = requests.filter(({ approved }) => !approved);
  return (
    <Panel title={texts.registration.waitingForApproval} aside={countWords(waiting.length)}>
      {requests.length === 0 ? (
        <Empty title={texts.registration.noDeviceWaits}>
          <p>{texts.registration.registeredDeviceThatAsks}</p>
        </Empty>
      ) : (
        <Table
          label={texts.registration.devicesThatWait}
          heads={[
            texts.common.device,
            texts.common.address,
            texts.registration.asked,
            texts.registration.token,
            texts.registration.answer,
          ]}
          stacking
        >
          {requests.map(({ deviceId: id, address, askedMs, enrolmentId, approved }) => (
            <tr key={id}>
              <td data-head={texts.common.device}>
                <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>
              </td>
              <td data-head={texts.common.address}>{address}</td>
              <td data-head={texts.registration.asked}>
                <Age ms={askedMs} />
              </td>
              <td data-head={texts.registration.token}>
                <code>{enrolmentId}</code>
              </td>
              <td data-head={texts.registration.answer}>
                {approved ? (
                  texts.registration.approvedItGetsItsIdentity
                ) : (
                  <div class="actions">
                    <button
                      type="button"
                      class="button small"
                      aria-label={texts.registration.approveId(id)}
                      onClick={() =>
                        void change(
                          () => ask('POST /api/v1/enrolments/requests/{id}/approve', { params: { id } }),
                          texts.registration.getsANewIdentity(id),
                        )
                      }
                    >
                      {texts.registration.approve}
                    </button>
                    <button
                      type="button"
                      class="button small danger"
                      aria-label={texts.registration.denyId(id)}
                      onClick={() =>
                        void change(
                          () => ask('POST /api/v1/enrolments/requests/{id}/deny', { params: { id } }),
                          texts.registration.idWasDenied(id),
                        )
                      }
                    >
                      {texts.registration.deny}
                    </button>
                  </div>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

const reEnrolmentWords: Readonly<Record<Token['reEnrolment'], string>> = texts.registration.reEnrolmentWords;

function Tokens({ tokens, change }: { tokens: readonly Token[]; change: Change }) {
  return (
    <Panel
      title={texts.registration.enrolmentTokens}
      aside={<Export name="enrolments" rows={() => tokens} />}
    >
      {tokens.length === 0 ? (
        <Empty title={texts.registration.noEnrolmentTokens}>
          <p>{texts.registration.withATokenNewDevices}</p>
        </Empty>
      ) : (
        <Table
          label={texts.registration.enrolmentTokens}
          heads={[
            texts.registration.token,
            texts.registration.for,
            texts.registration.idsBeginWith,
            texts.registration.used,
            texts.registration.until,
            texts.registration.registeredOnes,
            texts.registration.revoke,
          ]}
          stacking
        >
          {tokens.map(({ id, type, site, idPrefix, used, uses, notAfterMs, reEnrolment }) => (
            <tr key={id}>
              <td data-head={texts.registration.token}>
                <code>{id}</code>
              </td>
              <td data-head={texts.registration.for}>{texts.registration.typeAtSite(type, site)}</td>
              <td data-head={texts.registration.idsBeginWith}>
                {idPrefix === '' ? (
                  <span class="quiet">{texts.registration.anything}</span>
                ) : (
                  <code>{idPrefix}</code>
                )}
              </td>
              <td data-head={texts.registration.used}>
                {texts.common.partOf(countWords(used), countWords(uses))}
              </td>
              <td data-head={texts.registration.until}>
                <Time ms={notAfterMs} />
              </td>
              <td data-head={texts.registration.registeredOnes}>{reEnrolmentWords[reEnrolment]}</td>
              <td data-head={texts.registration.revoke}>
                <button
                  type="button"
                  class="button small"
                  aria-label={texts.registration.revokeToken(id)}
                  onClick={() =>
                    void change(
                      () => ask('DELETE /api/v1/enrolments/{id}', { params: { id } }),
                      texts.registration.credentialWasRevoked(id),
                    )
                  }
                >
                  {texts.registration.revoke}
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
