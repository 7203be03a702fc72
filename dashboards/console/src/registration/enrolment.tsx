import { useState } from 'preact/hooks';
import type { Enrolment as Token, EnrolmentRequest } from '../../../../schemas/api/enrolments.ts';
import { ask, messageOf } from '../api.ts';
import { CopyText } from '../components/copy-text.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { Age, Time } from '../components/time.tsx';
import { countWords } from '../number-words.ts';
import { useRepeatedLoad } from '../use-load.ts';
import { NewEnrolment } from './new-enrolment.tsx';
import { Rotations } from './rotations.tsx';

/** How often devices that wait are looked for, ms. */
const refreshMs = 5_000;

/** Tokens with which new devices fetch their identity, and devices that wait for somebody's word. */
export function Enrolment() {
  const [token, setToken] = useState<string>();
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/enrolments', { signal }),
    [],
    () => refreshMs,
  );
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
        <Loaded load={load} what="the enrolment tokens">
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
          <Panel title="The new token">
            <p class="note">It is shown this once.</p>
            <CopyText text={token} label="the token" />
            <p class="quiet">
              A device posts it to <code>/v1/enrol</code> of the devices' listener, and gets its secret.
            </p>
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
    <Panel title="Waiting for approval" aside={countWords(waiting.length)}>
      {requests.length === 0 ? (
        <Empty title="No device waits">
          <p>
            A registered device that asks for a new identity is here until somebody approves or denies it.
          </p>
        </Empty>
      ) : (
        <Table label="Devices that wait" heads={['Device', 'Address', 'Asked', 'Token', 'Answer']} stacking>
          {requests.map(({ deviceId: id, address, askedMs, enrolmentId, approved }) => (
            <tr key={id}>
              <td data-head="Device">
                <a href={`/devices/${encodeURIComponent(id)}`}>{id}</a>
              </td>
              <td data-head="Address">{address}</td>
              <td data-head="Asked">
                <Age ms={askedMs} />
              </td>
              <td data-head="Token">
                <code>{enrolmentId}</code>
              </td>
              <td data-head="Answer">
                {approved ? (
                  'approved: it gets its identity when it asks again'
                ) : (
                  <div class="actions">
                    <button
                      type="button"
                      class="button small"
                      aria-label={`Approve ${id}`}
                      onClick={() =>
                        void change(
                          () => ask('POST /api/v1/enrolments/requests/{id}/approve', { params: { id } }),
                          `${id} gets a new identity`,
                        )
                      }
                    >
                      Approve
                    </button>
                    <button
                      type="button"
                      class="button small danger"
                      aria-label={`Deny ${id}`}
                      onClick={() =>
                        void change(
                          () => ask('POST /api/v1/enrolments/requests/{id}/deny', { params: { id } }),
                          `${id} was denied`,
                        )
                      }
                    >
                      Deny
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

const reEnrolmentWords: Readonly<Record<Token['reEnrolment'], string>> = {
  auto: 'at once',
  approve: 'after approval',
  never: 'never',
};

function Tokens({ tokens, change }: { tokens: readonly Token[]; change: Change }) {
  return (
    <Panel title="Enrolment tokens" aside={<Export name="enrolments" rows={() => tokens} />}>
      {tokens.length === 0 ? (
        <Empty title="No enrolment tokens">
          <p>With a token, new devices fetch their identity by themselves.</p>
        </Empty>
      ) : (
        <Table
          label="Enrolment tokens"
          heads={['Token', 'For', 'Ids begin with', 'Used', 'Until', 'Registered ones', 'Revoke']}
          stacking
        >
          {tokens.map(({ id, type, site, idPrefix, used, uses, notAfterMs, reEnrolment }) => (
            <tr key={id}>
              <td data-head="Token">
                <code>{id}</code>
              </td>
              <td data-head="For">
                {type} at {site}
              </td>
              <td data-head="Ids begin with">
                {idPrefix === '' ? <span class="quiet">anything</span> : <code>{idPrefix}</code>}
              </td>
              <td data-head="Used">
                {countWords(used)} of {countWords(uses)}
              </td>
              <td data-head="Until">
                <Time ms={notAfterMs} />
              </td>
              <td data-head="Registered ones">{reEnrolmentWords[reEnrolment]}</td>
              <td data-head="Revoke">
                <button
                  type="button"
                  class="button small"
                  aria-label={`Revoke ${id}`}
                  onClick={() =>
                    void change(
                      () => ask('DELETE /api/v1/enrolments/{id}', { params: { id } }),
                      `${id} was revoked`,
                    )
                  }
                >
                  Revoke
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
