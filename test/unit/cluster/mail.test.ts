import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mail } from '../../../hub/cluster/mail.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';

function startMail() {
  const posted: [string, string][] = [];
  let broken = false;
  const post = (hub: string, text: string): Promise<void> => {
    if (broken) return Promise.reject(new HubError('bus-unavailable', 'full'));
    posted.push([hub, text]);
    return Promise.resolve();
  };
  const mail = new Mail({
    log: silentLog,
    me: 'a',
    inbox: 'hub/v1/mail/a',
    post,
    others: () => [{ id: 'b' }, { id: 'c' }],
  });
  const read: unknown[] = [];
  const reader = (letter: unknown): void => void read.push(letter);
  const readers = {
    taken: reader,
    clear: reader,
    command: reader,
    cancel: reader,
    dead: reader,
    changed: reader,
    alarmed: reader,
  };
  return {
    mail,
    posted,
    read: (text: string) => mail.read(text, readers),
    letters: read,
    breakDown: () => {
      broken = true;
    },
  };
}

test('a letter is read by the hub that it is for as it was written', () => {
  const { mail, posted, read, letters } = startMail();
  mail.send('b', 'taken', { device: 'd-1', epoch: 4 });
  mail.sendAll('changed', {});
  assert.deepEqual(
    posted.map(([hub]) => hub),
    ['b', 'b', 'c'],
  );
  for (const [, text] of posted) read(text);
  assert.deepEqual(letters, [
    { kind: 'taken', from: 'a', device: 'd-1', epoch: 4 },
    { kind: 'changed', from: 'a' },
    { kind: 'changed', from: 'a' },
  ]);
});

test('what another version writes, and what is no letter, is left and counted', () => {
  const { mail, read, letters } = startMail();
  for (const text of [
    '',
    '[]',
    '{"kind":"dance","from":"b"}',
    '{"kind":"taken","from":"b","device":"d"}',
    'null',
  ])
    read(text);
  assert.deepEqual([letters, mail.counters], [[], { 'unknown left': 5 }]);
});

test('a letter that the broker does not take is lost, and counted', async () => {
  const { mail, breakDown } = startMail();
  breakDown();
  mail.send('b', 'clear', { device: 'd-1' });
  await turn();
  assert.deepEqual(mail.counters, { 'clear lost': 1 });
});
