import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSessions, turn } from '../../helpers/hubs/session-fixture.ts';

const heartbeat = { type: 'heartbeat', t1: 1 };

test('a takeover closes the old session with 4409, once, and presence shows one session-replaced', async (t) => {
  const { open, connect, commands, changes, counters, presence, pass } = await startSessions(t);
  const older = await open();
  const newer = connect();
  assert.equal(older.socket.closedWith, undefined, 'not at the upgrade');
  newer.send({ type: 'hello', boot: 'b1', deviceType: 'sensor@1', t1: 0 });
  assert.deepEqual(older.socket.closedWith, { code: 4409, reason: 'replaced' }, 'at the valid hello');
  await turn();
  older.session.closed(1006, '');
  await presence.settled();
  assert.equal(newer.socket.of('welcome')[0]?.['epoch'], 2);
  assert.deepEqual(changes, ['d1 online session-opened 1.1', 'd1 online session-replaced 2.1']);
  assert.deepEqual(commands.calls, ['opened 1', 'replaced 1', 'opened 2']);
  assert.deepEqual(counters.closes, { replaced: 1 });
  newer.send(heartbeat);
  await pass(29_000);
  assert.equal(changes.length, 2);
});

test('a takeover that fails leaves the device suspect, and offline at the deadline of its last frame', async (t) => {
  const { open, connect, changes, deviceStore, pass, presence } = await startSessions(t);
  await open();
  await pass(10_000);
  deviceStore.fails = true;
  const newer = connect();
  await newer.hello({ boot: 'b2' });
  assert.deepEqual(newer.socket.closedWith, { code: 1013, reason: 'overloaded' });
  await presence.settled();
  assert.deepEqual(changes, ['d1 online session-opened 1.1', 'd1 suspect closed-without-bye 1.2']);
  await pass(34_000);
  assert.equal(changes.length, 2);
  await pass(1_100);
  assert.deepEqual(changes.slice(2), ['d1 offline closed-without-bye 1.3']);
});

test('a session that takes over from one that is still opening replaces the open one', async (t) => {
  const { open, connect, changes, deviceStore, presence } = await startSessions(t);
  await open();
  const gate = Promise.withResolvers<void>();
  deviceStore.gate = gate.promise;
  const [second, third] = [connect(), connect()];
  await second.hello({ boot: 'b2' });
  await third.hello({ boot: 'b3' });
  assert.deepEqual(second.socket.closedWith, { code: 4409, reason: 'replaced' });
  gate.resolve();
  await turn();
  await presence.settled();
  assert.deepEqual(changes, ['d1 online session-opened 1.1', 'd1 online session-replaced 3.1']);
});

test('a takeover by a session that never opens ends the commands of the old one after all', async (t) => {
  const { open, connect, deviceStore, commands } = await startSessions(t);
  await open();
  const gate = Promise.withResolvers<void>();
  deviceStore.gate = gate.promise;
  const newer = connect();
  await newer.hello();
  assert.deepEqual(commands.calls, ['opened 1', 'replaced 1']);
  newer.session.closed(1006, '');
  gate.resolve();
  await turn();
  assert.deepEqual(commands.calls, ['opened 1', 'replaced 1', 'takeover failed']);
});

test('nothing the old session still sends or settles counts after a takeover', async (t) => {
  const { open, store, commands, presence, pipeline, pass, liveness, changes } = await startSessions(t);
  const older = await open();
  const answer = store.hold();
  older.telemetry();
  await pass(100);
  const newer = await open();
  const sentBefore = older.socket.sent.length;
  older.telemetry();
  older.send({ type: 'result', re: 'c1', status: 'succeeded' });
  older.send({ type: 'bye' });
  older.session.pong();
  answer({ kind: 'stored' });
  await pass(5_000);
  assert.equal(older.socket.sent.length, sentBefore, 'no ack on the old socket');
  assert.deepEqual(newer.socket.answers, [], 'nor on the new one');
  assert.equal(pipeline.ledger.total.received, 1);
  assert.deepEqual(commands.calls, ['opened 1', 'replaced 1', 'opened 2']);
  assert.equal(presence.get('d1').state, 'online');
  // Frames of the old one are no sign of life either.
  for (let second = 0; second < 41; second++) {
    older.send(heartbeat);
    await pass(1_000);
  }
  assert.equal(presence.get('d1').state, 'offline');
  assert.equal(changes.length, 4);
  liveness.close();
});

test('when sessions take over faster than they open, the last one opens and the others are closed', async (t) => {
  const { connect, deviceStore, sessions } = await startSessions(t);
  const gate = Promise.withResolvers<void>();
  deviceStore.gate = gate.promise;
  const devices = [connect(), connect(), connect()];
  for (const device of devices) await device.hello();
  gate.resolve();
  await turn();
  assert.deepEqual(
    devices.map(({ socket }) => socket.closedWith?.code),
    [4409, 4409, undefined],
  );
  assert.deepEqual(
    devices.map(({ socket }) => socket.of('welcome').length),
    [0, 0, 1],
  );
  assert.equal(sessions.get('d1'), devices[2]?.session);
});

test('sessions of two devices do not touch each other', async (t) => {
  const { open } = await startSessions(t);
  const [one, two] = [await open('d1'), await open('d2')];
  assert.deepEqual([one.socket.closedWith, two.socket.closedWith], [undefined, undefined]);
});

test('bye settles what is under way, acks at once, and closes 1000', async (t) => {
  const { open, store, pass, changes, presence, commands } = await startSessions(t);
  const device = await open();
  const answer = store.hold();
  device.telemetry();
  device.telemetry({ data: {} });
  device.send({ type: 'bye' });
  await pass(100);
  assert.equal(device.socket.closedWith, undefined);
  answer({ kind: 'stored' });
  await turn();
  assert.deepEqual(device.socket.answers, ['nack 2 schema', 'ack 2']);
  assert.deepEqual(device.socket.closedWith, { code: 1000, reason: 'bye' });
  device.session.closed(1006, '');
  await presence.settled();
  assert.deepEqual(changes, ['d1 online session-opened 1.1', 'd1 offline bye 1.2']);
  assert.deepEqual(commands.calls, ['opened 1', 'closed 1']);
});

test('bye with nothing under way closes at once, with what was owed acked', async (t) => {
  const { open, pass } = await startSessions(t);
  const device = await open();
  device.telemetry();
  await pass(100);
  device.socket.bufferedAmount = 70_000;
  device.send({ type: 'bye', sleepSec: 60 });
  assert.deepEqual(device.socket.answers, ['ack 1'], 'also when the way out is congested');
  assert.equal(device.socket.closedWith?.code, 1000);
});

test('bye while neither store nor spool takes anything closes after 10 s, unacked but for what is settled, and leaves nothing behind', async (t) => {
  const { open, store, pipeline, pass, clock, sessions, liveness, presence } = await startSessions(t);
  pipeline.disk.fault = new Error('disk full');
  const device = await open();
  device.telemetry();
  await pass(100);
  store.answer = () => ({ kind: 'unavailable', reason: 'away' });
  device.telemetry();
  device.send({ type: 'bye', sleepSec: 3_600 });
  await pass(9_999);
  assert.equal(device.socket.closedWith, undefined);
  await pass(1);
  assert.deepEqual(device.socket.closedWith, { code: 1000, reason: 'bye' });
  assert.deepEqual(device.socket.answers, ['ack 1']);
  assert.equal(sessions.get('d1'), undefined);
  assert.equal(presence.get('d1').state, 'sleeping');
  store.answer = () => ({ kind: 'stored' });
  await pass(60_000);
  assert.deepEqual(device.socket.answers, ['ack 1'], 'settled later: no ack on a closed socket');
  liveness.close();
  assert.equal(clock.pending, 0);
});

test('a connection that breaks is counted, and suspect, then offline at the normal deadline', async (t) => {
  const { open, pass, changes, counters } = await startSessions(t);
  const device = await open();
  await pass(20_000);
  device.session.closed(1006, '');
  assert.deepEqual([counters.losses, counters.closes], [{ 1006: 1 }, {}]);
  await pass(25_000);
  assert.deepEqual(changes, ['d1 online session-opened 1.1', 'd1 suspect connection-broke 1.2']);
  await pass(100);
  assert.equal(changes.at(-1), 'd1 offline connection-broke 1.3');
});

test('closes of devices are counted by code, and codes of their own together', async (t) => {
  const { open, counters, changes, pass } = await startSessions(t);
  for (const code of [1000, 1005, 3000, 4999]) {
    const device = await open();
    device.session.closed(code, '');
  }
  assert.deepEqual(counters.losses, { 1000: 1, 1005: 1, other: 2 });
  await pass(50_000);
  assert.match(changes.at(-1) ?? '', /^d1 offline closed-without-bye/);
});

test('pongs without frames: no-heartbeat, the socket stays, and a frame brings the device back as resumed', async (t) => {
  const { open, pass, changes } = await startSessions(t);
  const device = await open();
  device.socket.onPing = () => device.session.pong();
  await pass(45_100);
  assert.equal(changes.at(-1), 'd1 offline no-heartbeat 1.3');
  await pass(300_000);
  assert.equal(device.socket.closedWith, undefined);
  assert.equal(changes.length, 3);
  device.telemetry();
  await pass(100);
  assert.equal(changes.at(-1), 'd1 online resumed 1.4');
  await pass(45_100);
  assert.equal(changes.at(-1), 'd1 offline no-heartbeat 1.6');
});

test('neither frames nor pongs: link-lost and 4408, at the deadline and not before', async (t) => {
  const { open, pass, changes, counters } = await startSessions(t);
  const device = await open();
  await pass(45_000);
  assert.equal(device.socket.closedWith, undefined);
  assert.ok(device.socket.pings > 0);
  await pass(100);
  assert.deepEqual(device.socket.closedWith, { code: 4408, reason: 'link-lost' });
  assert.deepEqual(changes.slice(1), ['d1 suspect heartbeat-late 1.2', 'd1 offline link-lost 1.3']);
  assert.deepEqual(counters.closes, { 'link-lost': 1 });
});

test('any frame of the application keeps it online, good or bad', async (t) => {
  const { open, pass, changes } = await startSessions(t);
  const device = await open();
  const frames = [heartbeat, { type: 'mystery' }, { type: 'telemetry' }, { type: 'received', re: 'c' }];
  for (let round = 0; round < 12; round++) {
    await pass(44_900);
    device.send(frames[round % frames.length] ?? heartbeat);
    await pass(0);
    assert.equal(changes.at(-1), `d1 online resumed 1.${2 * round + 3}`);
  }
});

test('a frame read while its deadline is being confirmed keeps the device online', async (t) => {
  const { open, polls, pass, changes } = await startSessions(t, { pollsByHand: true });
  const device = await open();
  const poll = (): void => {
    for (const run of polls.splice(0)) run();
  };
  for (let second = 0; second < 45; second++) {
    await pass(1_000);
    poll();
    poll();
  }
  await pass(100);
  assert.equal(polls.length, 1, 'the deadline has passed and is being confirmed');
  poll();
  device.send(heartbeat);
  poll();
  await pass(1_000);
  assert.deepEqual(changes.slice(1), ['d1 suspect heartbeat-late 1.2', 'd1 online resumed 1.3']);
});

test('a slow reader is closed 4004 when a nack does not fit, counted, and ended', async (t) => {
  const { open, counters, commands, changes, presence, sessions, pipeline } = await startSessions(t);
  const device = await open();
  device.socket.bufferedAmount = 262_140;
  device.telemetry({ data: {} });
  device.telemetry();
  assert.deepEqual(device.socket.closedWith, { code: 4004, reason: 'slow-reader' });
  assert.deepEqual(counters.closes, { 'slow-reader': 1 });
  await turn();
  assert.equal(sessions.get('d1'), undefined);
  assert.deepEqual(commands.calls, ['opened 1', 'closed 1']);
  await presence.settled();
  assert.equal(changes.at(-1), 'd1 suspect closed-without-bye 1.2');
  const { received } = pipeline.ledger.total;
  device.telemetry();
  assert.equal(pipeline.ledger.total.received, received, 'what it still sends does not count');
  device.session.closed(1006, '');
  assert.deepEqual(counters.closes, { 'slow-reader': 1 });
});

test('a command that does not fit is refused to the sender before the session ends', async (t) => {
  const { open, commands } = await startSessions(t);
  const device = await open();
  device.socket.bufferedAmount = 262_140;
  assert.equal(device.session.send({ type: 'cancel', re: 'c1' }), false);
  assert.deepEqual(commands.calls, ['opened 1']);
  await turn();
  assert.deepEqual(commands.calls, ['opened 1', 'closed 1']);
});

test('a hook that throws on a frame ends that session with 1013 and nothing else', async (t) => {
  const { open, commands, counters, pass } = await startSessions(t);
  const device = await open('d1');
  const other = await open('d2');
  commands.throwing.add('result');
  commands.throwing.add('sessionClosed');
  device.send({ type: 'result', re: 'c1', status: 'failed' });
  assert.deepEqual(device.socket.closedWith, { code: 1013, reason: 'overloaded' });
  assert.equal(counters.exceptions, 2);
  device.session.closed(1006, '');
  other.telemetry();
  await pass(1_000);
  assert.deepEqual(other.socket.answers, ['ack 1']);
});

test('a dispatcher that throws at the opening or the closing ends no more than the session', async (t) => {
  const { open, connect, commands, counters, pass, presence, sessions } = await startSessions(t);
  commands.throwing.add('sessionOpened');
  const device = connect('d1');
  await device.hello();
  assert.deepEqual(device.socket.closedWith, { code: 1013, reason: 'overloaded' });
  assert.equal(counters.exceptions, 1);
  commands.throwing.clear();
  commands.throwing.add('sessionClosed');
  const silent = await open('d1');
  const dropped = await open('d2');
  dropped.session.closed(1006, '');
  await pass(50_000);
  assert.equal(silent.socket.closedWith?.code, 4408);
  assert.deepEqual([presence.get('d1').state, presence.get('d2').state], ['offline', 'offline']);
  assert.deepEqual([sessions.get('d1'), sessions.get('d2')], [undefined, undefined]);
  assert.equal(counters.exceptions, 3);
});

test('a hub that may open no session closes with 1013, and tells nobody of one', async (t) => {
  const { connect, open, deviceStore, counters, changes } = await startSessions(t);
  deviceStore.notOurs = true;
  const device = connect();
  await device.hello();
  assert.deepEqual(device.socket.closedWith, { code: 1013, reason: 'overloaded' });
  assert.deepEqual([counters.welcomes, counters.exceptions, changes], [0, 0, []]);
  deviceStore.notOurs = false;
  await open();
});

test('a state database that fails refuses the session with 1013, and the next one is let in', async (t) => {
  const { connect, open, deviceStore } = await startSessions(t);
  deviceStore.fails = true;
  const device = connect();
  await device.hello();
  assert.deepEqual(device.socket.closedWith, { code: 1013, reason: 'overloaded' });
  deviceStore.fails = false;
  await open();
});

test('a device that goes away while its session opens gets no welcome and no presence', async (t) => {
  const { connect, deviceStore, changes, commands, sessions } = await startSessions(t);
  const gate = Promise.withResolvers<void>();
  deviceStore.gate = gate.promise;
  const device = connect();
  await device.hello();
  device.session.closed(1006, '');
  gate.resolve();
  await turn();
  assert.deepEqual([device.socket.sent, changes, commands.calls], [[], [], ['takeover failed']]);
  assert.equal(sessions.get('d1'), undefined);
});

test('ended sessions leave no timer and no watch behind', async (t) => {
  const { open, connect, sessions, clock, pass, liveness, acks, writer } = await startSessions(t);
  for (let round = 0; round < 20; round++) {
    const device = await open('d1', { boot: `b${round}` });
    device.telemetry();
    if (round % 4 === 0) device.send({ type: 'bye' });
    if (round % 4 === 1) device.session.closed(1006, '');
    if (round % 4 === 2) device.session.close('draining');
    connect('d2').session.closed(1006, '');
  }
  for (const session of sessions.connections()) session.close('draining');
  await pass(1_000);
  liveness.close();
  acks.close();
  writer.close();
  assert.equal(clock.pending, 0);
});

test('a device that is gone keeps the type version of its last session', async (t) => {
  const { open, sessions } = await startSessions(t);
  assert.equal(sessions.typeOf('d1')?.id, 'sensor@1', 'as it was registered');
  const device = await open('d1', { deviceType: 'sensor@2' });
  device.session.closed(1006, '');
  assert.equal(sessions.typeOf('d1')?.id, 'sensor@2');
});
