import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../../hub/sessions/outbox.ts';
import { ScriptedSocket } from '../../helpers/hubs/scripted-socket.ts';

function outboxOn(socket: ScriptedSocket) {
  const told = { overflows: 0, shown: [] as string[] };
  const outbox = new Outbox(
    socket,
    { softBytes: 100, hardBytes: 400 },
    { now: 7 },
    { sent: (text) => void told.shown.push(String(text)) },
    () => (told.overflows += 1),
  );
  return { outbox, told };
}

test('a frame that fits is written as JSON', () => {
  const socket = new ScriptedSocket();
  const { outbox, told } = outboxOn(socket);
  assert.equal(outbox.send({ type: 'ack', upTo: 3 }), true);
  assert.deepEqual(socket.sent, [{ type: 'ack', upTo: 3 }]);
  assert.equal(told.overflows, 0);
});

test('above the soft bound it is congested and still takes frames', () => {
  const socket = new ScriptedSocket();
  const { outbox } = outboxOn(socket);
  assert.equal(outbox.congested, false);
  socket.bufferedAmount = 101;
  assert.equal(outbox.congested, true);
  assert.equal(outbox.send({ type: 'cancel', re: 'c1' }), true);
});

test('a frame that does not fit closes with 4004, once, and says so', () => {
  const socket = new ScriptedSocket();
  const { outbox, told } = outboxOn(socket);
  socket.bufferedAmount = 390;
  assert.equal(outbox.send({ type: 'cancel', re: 'c1' }), false);
  assert.deepEqual(socket.closedWith, { code: 4004, reason: 'slow-reader' });
  socket.bufferedAmount = 0;
  assert.equal(outbox.send({ type: 'cancel', re: 'c2' }), false);
  assert.equal(told.overflows, 1);
  assert.deepEqual(socket.sent, []);
});

test('a congested socket is not pinged, a closed one neither', () => {
  const socket = new ScriptedSocket();
  const { outbox } = outboxOn(socket);
  outbox.ping();
  socket.bufferedAmount = 101;
  outbox.ping();
  socket.bufferedAmount = 0;
  outbox.close('draining', 1_200);
  outbox.ping();
  assert.equal(socket.pings, 1);
});

test('the first close reason stands; a socket that is gone is not closed', () => {
  const socket = new ScriptedSocket();
  const { outbox } = outboxOn(socket);
  outbox.close('replaced');
  outbox.close('bye');
  assert.deepEqual(socket.closedWith, { code: 4409, reason: 'replaced' });
  const gone = new ScriptedSocket();
  const other = outboxOn(gone).outbox;
  other.ended();
  other.close('bye');
  assert.equal(gone.closedWith, undefined);
  assert.equal(other.send({ type: 'ack', upTo: 1 }), false);
});

test('what is sent is noted, and a new secret is not', () => {
  const socket = new ScriptedSocket();
  const { outbox, told } = outboxOn(socket);
  outbox.sendText('{"type":"ack","upTo":3}');
  outbox.send({ type: 'credential', id: 'c-2', secret: 'very-secret' });
  assert.deepEqual(told.shown, [
    '{"type":"ack","upTo":3}',
    '{"type":"credential","id":"c-2","secret":"(hidden)"}',
  ]);
  assert.deepEqual(socket.sent.at(-1), { type: 'credential', id: 'c-2', secret: 'very-secret' });
  outbox.close('draining');
  outbox.sendText('{"type":"ack","upTo":4}');
  assert.equal(told.shown.length, 2);
});
