import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedDevice } from '../../helpers/stores/stored-device.ts';
import { alarmChange, storedAlarm, storedGroupCommand } from '../../helpers/stores/stored-records.ts';
import { storedCommand as command } from '../../helpers/stores/stored-command.ts';
import { online, openSession as open, twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';

/** Two hubs on one database, statement by statement. */

const openHubs = twoHubs();

test('a session takes the device from the hub that had it, which can write nothing of it any more', async (t) => {
  const { a, b } = await openHubs(t);
  assert.equal((await open(a)).move, undefined);
  await a.stores.commands.accept({ command: command('c-1') }, false);
  const moved = await open(b);
  assert.deepEqual([moved.epoch, moved.move], [2, { from: 'a', commands: 1 }]);
  assert.equal(await a.stores.commands.save(command('c-1', { status: 'sent' }), false), false);
  assert.deepEqual([...(await a.stores.presence.savePresence([online('d-1', 1)]))], []);
  assert.deepEqual([...(await b.stores.presence.savePresence([online('d-1', 2)]))], ['d-1']);
});

test('what was on its way to the journal when a device left is void, even when the device has come back', async (t) => {
  const { a, b } = await openHubs(t);
  await open(a);
  await a.stores.commands.accept({ command: command('c-1') }, false);
  await open(b);
  await open(a);
  assert.equal(await a.stores.commands.save(command('c-1', { status: 'sent' }), false, 0), false);
  const [record] = await a.journal.openOf(['d-1']);
  assert.equal(record?.moves, 2);
  assert.equal(await a.stores.commands.save(command('c-1', { status: 'sent' }), false, 2), true);
});

test('a command that was sent is not noted as sent again by a hub that has lost track of it', async (t) => {
  const { a } = await openHubs(t);
  await open(a);
  const { commands } = a.stores;
  await commands.accept({ command: command('c-1') }, false);
  const sent = command('c-1', { status: 'sent' });
  assert.equal(await commands.save(sent, false), true);
  assert.equal(await commands.save(sent, false), true, 'the answer to the first attempt was lost');
  assert.equal(await commands.save({ ...sent, changedMs: sent.changedMs + 1 }, false), false);
  assert.equal(await commands.save(command('c-1', { status: 'uncertain' }), false), true);
  assert.equal(await commands.save(sent, false), false);
});

test('a command is accepted for the hub that has the device, and that hub finds it', async (t) => {
  const { a, b } = await openHubs(t);
  await open(b);
  const acceptance = await a.stores.commands.accept({ command: command('c-1') }, false);
  assert.deepEqual(acceptance, { kind: 'added', owner: 'b' });
  assert.deepEqual(await a.journal.accepted(), []);
  assert.deepEqual(
    (await b.journal.accepted()).map((record) => record.command.id),
    ['c-1'],
  );
  assert.deepEqual(
    (await a.journal.states([{ device: 'd-1', id: 'c-1' }])).map(({ status }) => status),
    ['accepted'],
  );
});

test('the devices of a hub that has ended are taken over with their commands, each by one hub; of others nothing is left', async (t) => {
  const { a, b } = await openHubs(t);
  await open(a);
  await a.stores.presence.savePresence([online('d-1', 1)]);
  await a.stores.commands.accept({ command: command('c-1') }, false);
  await a.stores.presence.savePresence([{ ...online('d-2', 0), state: 'never-seen', reason: 'registered' }]);
  assert.deepEqual(await b.cluster.adopt(a.owner, 100), { kept: [], left: [] }, 'it lives');
  const seen = (await b.cluster.beat()).hubs.find(({ id }) => id === 'a');
  assert.ok(seen !== undefined);
  await b.cluster.declareDead({ ...seen, beat: seen.beat + 1 });
  assert.equal((await a.cluster.beat()).mine, true, 'it has beaten since');
  await b.cluster.declareDead({ ...seen, beat: seen.beat + 1 });
  assert.equal((await a.cluster.beat()).mine, false);
  assert.deepEqual(await b.cluster.adopt(a.owner, 100), { kept: ['d-1'], left: ['d-2'] });
  assert.deepEqual(await b.cluster.adopt(a.owner, 100), { kept: [], left: [] });
  assert.equal((await b.journal.openOf(['d-1']))[0]?.moves, 1);
  assert.deepEqual([...(await b.cluster.owned())], [['d-1', 1]]);
  const away = await b.stores.presence.loadPresence(['d-1', 'd-2'], 'nobodys');
  assert.deepEqual(
    away.map(({ deviceId, state }) => `${deviceId} ${state}`),
    ['d-2 never-seen'],
  );
});

test('what is known of a device is read by the hub that has it, not by one that had just taken it over', async (t) => {
  const { a, b } = await openHubs(t);
  const known = async ({ stores }: StoredHub) => (await stores.presence.loadPresence(['d-1'])).length;
  await open(a);
  await a.stores.presence.savePresence([online('d-1', 1)]);
  assert.deepEqual([await known(a), await known(b)], [1, 0]);
  await open(b);
  assert.deepEqual([await known(a), await known(b)], [0, 1]);
  assert.equal(
    (await a.stores.presence.loadPresence()).filter(({ deviceId }) => deviceId === 'd-1').length,
    1,
  );
});

test('one hub has a lease until it ends, and what the former holder of the gate has brought is not taken', async (t) => {
  const { a, b } = await openHubs(t);
  const token = await a.cluster.take('gate', 0);
  assert.deepEqual([token, await b.cluster.take('gate', 1)], [1, undefined]);
  await a.cluster.leave();
  assert.equal(await b.cluster.take('gate', 1), 2);
  const delivery = { key: 'k', expiresMs: 9 };
  const late = await b.stores.commands.accept({ command: command('c-1') }, false, {
    ...delivery,
    gateToken: 1,
  });
  assert.deepEqual(late, { kind: 'not-ours' });
  const now = await b.stores.commands.accept({ command: command('c-1') }, false, {
    ...delivery,
    gateToken: 2,
  });
  assert.deepEqual(now, { kind: 'added' });
});

test('a hub learns which devices another one has added, changed and removed', async (t) => {
  const { a, b } = await openHubs(t);
  assert.deepEqual([...(await b.news.changed())], []);
  await a.stores.devices.add([storedDevice('d-3')]);
  await a.stores.devices.change(storedDevice('d-1'), (now) => ({ ...now, labels: { floor: '2' } }));
  await a.stores.devices.remove('d-2');
  const news = await b.news.changed();
  assert.deepEqual([...news.keys()].toSorted(), ['d-1', 'd-2', 'd-3']);
  assert.deepEqual(
    [news.get('d-1')?.labels, news.get('d-2'), news.get('d-3')?.id],
    [{ floor: '2' }, undefined, 'd-3'],
  );
});

test('a group command goes on at another hub when its hub has ended, and not before', async (t) => {
  const { a, b } = await openHubs(t);
  const groupCommand = storedGroupCommand('g-1');
  const targets = [{ device: 'd-1', status: 'waiting', reason: undefined } as const];
  await a.stores.groupCommands.accept({ groupCommand, targets });
  const ofHub = async ({ stores }: StoredHub) =>
    (await stores.groupCommands.open()).map((record) => record.groupCommand.id);
  assert.deepEqual([await ofHub(a), await ofHub(b)], [['g-1'], []]);
  await a.cluster.leave();
  assert.deepEqual([await ofHub(b), await ofHub(b)], [['g-1'], ['g-1']]);
  const ended = { ...groupCommand, status: 'finished', endedMs: 2 } as const;
  assert.equal(await a.stores.groupCommands.save(ended), false, 'it would report an end of its own');
  assert.equal(await b.stores.groupCommands.save(ended), true);
});

test('a report that is owed is published by the hub that ended the group command, and by another once that one has ended', async (t) => {
  const { a, b } = await openHubs(t);
  const groupCommand = storedGroupCommand('g-1');
  const target = { device: 'd-1', status: 'skipped', reason: undefined } as const;
  await a.stores.groupCommands.accept({ groupCommand, targets: [{ ...target, status: 'waiting' }] });
  await a.stores.groupCommands.save({ ...groupCommand, status: 'stopped', endedMs: 2 }, [
    { index: 0, target },
  ]);
  const owed = async ({ stores }: StoredHub) =>
    (await stores.groupCommands.unanswered()).map(({ targets }) => targets);
  assert.deepEqual([await owed(a), await owed(b)], [[[target]], []]);
  await a.cluster.leave();
  assert.deepEqual([await owed(b), await owed(a)], [[[target]], []]);
});

test('of two hubs that change an alarm at once the second learns what the first has made of it, and webhooks are owed once', async (t) => {
  const { a, b } = await openHubs(t);
  await a.stores.webhooks.add({ name: 'w', url: 'https://x', secret: 's', actor: 'local', createdMs: 1 });
  const owed = (id: string) => [{ id, webhook: 'w', createdMs: 1, body: '{}' }];
  const raised = storedAlarm('d-1', 'offline', 1);
  const [first] = await a.stores.alarms.save([alarmChange(raised, { deliveries: owed('1') })]);
  assert.ok(first?.kind === 'saved');
  const [same] = await b.stores.alarms.save([alarmChange(raised, { deliveries: owed('2') })]);
  assert.deepEqual(same, { kind: 'overtaken', now: { row: raised, rev: first.rev } });

  const cleared = { ...raised, state: 'cleared' } as const;
  const acknowledged = { ...raised, state: 'acknowledged' } as const;
  const races = await Promise.all([
    a.stores.alarms.save([alarmChange(cleared, { from: first.rev, deliveries: owed('3') })]),
    b.stores.alarms.save([alarmChange(acknowledged, { from: first.rev, deliveries: owed('4') })]),
  ]);
  const [won, lost] = races.flat().toSorted((x, y) => (x.kind === 'saved' ? -1 : y.kind === 'saved' ? 1 : 0));
  assert.ok(won?.kind === 'saved' && lost?.kind === 'overtaken');
  assert.equal(lost.now?.rev, won.rev);
  const dropped = { ...alarmChange(raised, { from: first.rev }), row: undefined };
  assert.equal((await a.stores.alarms.save([dropped]))[0]?.kind, 'overtaken', 'it is not what was to go');
  assert.equal((await b.stores.webhooks.deliveries()).length, 2);
  const gone = await b.stores.alarms.save([
    { ...dropped, from: won.rev },
    alarmChange(storedAlarm('x', 'offline', 2)),
  ]);
  assert.deepEqual(
    gone.map(({ kind }) => kind),
    ['saved', 'not-kept'],
  );
});

test('a hub reads what another has changed of alarms, silences and webhooks, and not what is wrong with that hub itself', async (t) => {
  const { a, b } = await openHubs(t);
  const raised = storedAlarm('d-1', 'offline', 1);
  await a.stores.alarms.save([alarmChange(raised)]);
  assert.deepEqual(
    await b.alarmNews.changed(),
    { alarms: [], silences: false, webhooks: false },
    'from now on',
  );
  const [saved] = await a.stores.alarms.save([
    alarmChange(storedAlarm('d-2', 'offline', 2)),
    alarmChange(storedAlarm('', 'hub.store', 3)),
  ]);
  assert.ok(saved?.kind === 'saved');
  const now = { row: storedAlarm('d-2', 'offline', 2), rev: saved.rev };
  const name = { device: 'd-2', source: 'offline' };
  const news = await b.alarmNews.changed();
  assert.deepEqual(news, { alarms: [{ name, now }], silences: false, webhooks: false });
  await a.stores.alarms.save([{ name, row: undefined, from: saved.rev, deliveries: [] }]);
  await a.stores.silences.save({
    id: 's',
    to: 'all',
    fromMs: 1,
    untilMs: 2,
    reason: 'r',
    actor: 'local',
    createdMs: 1,
  });
  assert.deepEqual(await b.alarmNews.changed(), {
    alarms: [{ name, now: undefined }],
    silences: true,
    webhooks: false,
  });
  await a.stores.alarms.save([alarmChange({ ...storedAlarm('', 'hub.bus', 4) })]);
  const loaded = async ({ stores }: StoredHub) => (await stores.alarms.load()).map(({ row }) => row.source);
  assert.deepEqual(await loaded(a), ['offline', 'hub.store', 'hub.bus']);
  assert.deepEqual(await loaded(b), ['offline']);
});
