import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allChecks } from '../../../device-sim/check/all-checks.ts';
import { DeviceProcess } from '../../../device-sim/check/checked-device.ts';
import { runChecks, type Outcome } from '../../../device-sim/check/run-checks.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';

/** `sim check` on devices that are right, and on devices with one fault each. */

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const faulty = at('../../helpers/devices/faulty-device.ts');
const types = await loadDeviceTypes(at('../../../schemas/device-types'));

/** Each check with a fault that it must find, and what it says of it. */
const faults: readonly (readonly [check: string, fault: string, reason: RegExp])[] = [
  ['tls/trusted', 'no-tls', /did not connect/],
  ['tls/wrong-ca', 'trusts-anyone', /with its credential, by a certificate that another CA/],
  ['tls/wrong-name', 'ignores-names', /with its credential, by a certificate that is for another host/],
  ['tls/expired', 'trusts-anyone', /with its credential, by a certificate that ended/],
  ['tls/resumed', 'full-handshakes', /a full handshake again/],
  ['connect/upgrade', 'credential-in-address', /an address carries no credential/],
  ['connect/hello', 'heartbeat-before-hello', /first frame is heartbeat/],
  ['connect/boot', 'same-boot', /hello\.boot is the same after a reboot/],
  ['connect/extensions', 'closes-at-unknown-frames', /the device ended the connection/],
  ['data/seq', 'seq-goes-on', /data frame 1 of the session has seq/],
  ['data/seq', 'wrong-data', /temperature must be number/],
  ['data/window', 'no-window', /third frame while two are unsettled/],
  ['data/unsettled-again', 'forgets-in-flight', /is not sent again/],
  ['data/settled-once', 'sends-acked-again', /acked reading .* is sent again/],
  ['data/outlives-reboot', 'readings-in-memory', /did not outlive the reboot/],
  ['data/hub-time', 'own-clock', /s from the hub's clock/],
  ['nack/rate', 'retries-at-once', /is sent again after .* retryAfterMs is/],
  ['nack/overloaded', 'retries-at-once', /is sent again after .* retryAfterMs is/],
  ['nack/not-open', 'retries-at-once', /is sent again after .* retryAfterMs is/],
  ['nack/schema', 'retries-for-good', /refused permanently with \S+ is sent again/],
  ['nack/unknown-stream', 'retries-for-good', /refused permanently with \S+ is sent again/],
  ['nack/unsupported', 'retries-for-good', /refused permanently with \S+ is sent again/],
  ['nack/clock', 'retries-for-good', /refused permanently with \S+ is sent again/],
  ['nack/too-large', 'retries-for-good', /refused permanently with \S+ is sent again/],
  ['nack/refused-by-store', 'retries-for-good', /refused permanently with \S+ is sent again/],
  ['nack/rate-pauses', 'sends-after-rate', /before retryAfterMs of a rate refusal/],
  ['nack/samples', 'retries-whole-batch', /which was not refused, is sent again/],
  ['link/pong', 'no-pong', /no pong/],
  ['link/fragments', 'no-fragments', /no result/],
  ['link/long-frame', 'small-buffer', /the device ended the connection/],
  ['link/heartbeats', 'no-heartbeats', /0 heartbeats in 5 s/],
  ['link/silent-hub', 'waits-for-tcp', /did not connect/],
  ...[400, 401, 403, 404, 426].map(
    (status) => [`again/${status}`, 'hammers', /tries again within 5 s/] as const,
  ),
  ['again/429', 'ignores-hints', /Retry-After is 2/],
  ['again/503', 'ignores-hints', /Retry-After is 2/],
  ['again/jitter', 'no-jitter', /not uniform/],
  ['again/anew', 'backoff-goes-on', /the backoff goes on/],
  ['close/4004', 'gives-up', /did not come/],
  ['close/4408', 'gives-up', /did not come/],
  ['close/1013', 'ignores-hints', /retryAfterMs is 1500/],
  ...[4400, 4401, 4403, 4409, 4429].map(
    (code) => [`close/${code}`, 'hammers', /tries again within 5 s/] as const,
  ),
  ['close/drain', 'ignores-drain', /after the drain|and it comes after/],
  ['command/result', 'result-once', /no result/],
  ['command/once', 'runs-again', /the same id is answered/],
  ['command/outlives-reboot', 'persists-nothing', /after the reboot the result is unknown/],
  ['command/deadline', 'runs-late', /a second late ends succeeded/],
  ['command/hub-clock', 'own-clock', /in time by the hub's clock ends expired/],
  ['command/unknown-name', 'runs-anything', /does not have ends succeeded/],
  ['command/unknown-recall', 'forgets-unknown', /ends succeeded when it arrives/],
  ['command/cancel-first', 'forgets-cancel', /cancelled before it came ends succeeded/],
  ['secret/new', 'ignores-secret', /does not use the new secret/],
  ['secret/old', 'no-way-back', /did not connect/],
  ['twin/reported', 'ignores-desired', /no reported/],
  ['twin/reported', 'reports-defaults', /reports 10 for .intervalSec; desired is/],
  ['twin/again', 'report-once', /no reported/],
  ['twin/again', 'reports-acked-again', /sent again although it was acked/],
  ['twin/revision', 'forgets-revision', /hello.desiredRev is not there/],
  ['twin/newest', 'first-setting-wins', /says that it has dealt with the revision/],
  ['twin/whole', 'keeps-settings', /still has its former desired value/],
  ['twin/reboot', 'silent-after-reboot', /no reported/],
  ['twin/rate', 'retries-at-once', /report is sent again after .* retryAfterMs is/],
  ['twin/refused', 'reports-for-good', /refused permanently is sent again/],
  ['update/file', 'anonymous-download', /without its credential/],
  ['update/file', 'applies-anything', /applies a file that has another SHA-256/],
  ['update/file', 'fails-without-words', /does not say why/],
  ['update/elsewhere', 'secret-for-anyone', /gives its credential/],
  ['update/resumed', 'gives-up-download', /does not ask again for a file that broke off/],
  ['update/resumed', 'range-without-if-range', /without If-Range/],
  ['update/busy', 'ignores-hints', /asks again after .* Retry-After is 2/],
  ['update/word', 'word-once', /no update-status/],
  ['update/withdrawn', 'ignores-withdrawal', /requests the file again|sends update-status for/],
];

async function check(id: string, fault: string): Promise<Outcome> {
  const type = types.get('env-sensor@1');
  assert.ok(type);
  const [outcome] = await runChecks({
    type,
    checks: allChecks.filter((one) => one.id === id),
    concurrency: 1,
    tls: id.startsWith('tls/'),
    listen: { host: '127.0.0.1', port: 0 },
    id: 'd-1',
    secret: 'the-secret',
    device: (identity) => new DeviceProcess([process.execPath, faulty, fault], identity, process.env),
  });
  assert.ok(outcome, `there is a check ${id}`);
  return outcome;
}

const told = ({ reason, log }: Outcome): string => `${reason ?? ''}\n${log.join('\n')}`;

test('each check is in the table of faults', () => {
  const known = new Set(faults.map(([id]) => id));
  assert.deepEqual(
    allChecks.map(({ id }) => id).filter((id) => !known.has(id)),
    [],
  );
});

test(
  'each check passes a correct device and finds the fault of a wrong one',
  { concurrency: 8 },
  async (t) => {
    const rows = faults.map(([id, fault, reason]) =>
      t.test(`${id} finds ${fault}`, async () => {
        const outcome = await check(id, fault);
        assert.equal(outcome.verdict, 'failed', `${id} lets a device pass that has the fault ${fault}`);
        assert.match(outcome.reason ?? '', reason, told(outcome));
      }),
    );
    const right = allChecks.map(({ id }) =>
      t.test(`${id} passes a correct device`, async () => {
        const outcome = await check(id, 'none');
        assert.equal(outcome.verdict, 'passed', told(outcome));
      }),
    );
    await Promise.all([...rows, ...right]);
  },
);
