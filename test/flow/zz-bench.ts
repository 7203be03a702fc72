import { connect } from 'mqtt';
import { connectBus } from '../../hub/adapters/mqtt.ts';
import { startBroker } from '../../hub/adapters/broker.ts';
import { startDispatcher } from '../../hub/commands/dispatcher.ts';
import { commandMigrations, commandStore } from '../../hub/adapters/command-store.ts';
import { openDatabase } from '../../hub/adapters/sqlite.ts';
import { systemClock } from '../../hub/kernel/time.ts';
import { FakePeer, log, valve } from '../helpers/dispatcher.ts';
import { temporaryFolder } from '../helpers/guard.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
for (const mode of ['mosquitto', 'embedded']) {
  const f = temporaryFolder('bench');
  const db = await openDatabase({ file: f.path + '/s.db', migrations: commandMigrations });
  let bus: any;
  const d = await startDispatcher(
    {
      clock: systemClock,
      random: Math.random,
      log,
      journal: commandStore(db),
      directory: { typeOf: () => valve },
      publisher: { publish: (m) => bus.publish(m) },
    },
    { root: 'hub/v1' },
  );
  let inMsg = 0,
    nMsg = 0;
  const handlers = {
    message: async (m: any) => {
      const t = performance.now();
      await d.message(m);
      inMsg += performance.now() - t;
      nMsg++;
    },
    connected: () => setImmediate(() => d.busConnected()),
    disconnected: () => {},
  };
  const m =
    mode === 'mosquitto'
      ? await startMosquitto({ config: process.env['ND'] ? ['set_tcp_nodelay true'] : [] })
      : undefined;
  bus = m
    ? await connectBus(
        { clock: systemClock, random: Math.random, log },
        { url: m.url, root: 'hub/v1', hubId: 'h', incarnation: 'i' },
        handlers,
      )
    : await startBroker(
        { log },
        { host: '127.0.0.1', port: 0, root: 'hub/v1', hubId: 'h', incarnation: 'i' },
        handlers,
      );
  const url = m ? m.url : `mqtt://127.0.0.1:${bus.port}`;
  const at = new Map<string, number>();
  const lat: number[] = [];
  class P extends FakePeer {
    override send(fr: any) {
      if (fr.type === 'command') {
        lat.push(performance.now() - (at.get(this.deviceId + fr.id) ?? 0));
        setImmediate(() => {
          d.received(this, fr.id);
          d.result(this, { type: 'result', re: fr.id, status: 'succeeded' });
        });
      }
      return true;
    }
  }
  for (let i = 0; i < 100; i++) d.sessionOpened(new P(`d-${i}`), []);
  const c = connect(url, { protocolVersion: m ? 5 : 4 });
  await new Promise((r) => c.once('connect', r));
  const N = 3000;
  const t0 = performance.now();
  let inflight: Promise<any>[] = [];
  for (let i = 0; i < N; i++) {
    at.set(`d-${i % 100}c-${i}`, performance.now());
    inflight.push(
      c.publishAsync(
        `hub/v1/command/d-${i % 100}/queued`,
        JSON.stringify({ id: `c-${i}`, params: { percent: 1 } }),
        { qos: 1 },
      ),
    );
    if (inflight.length >= 200) {
      await Promise.all(inflight);
      inflight = [];
    }
  }
  while (d.counters.accepted < N) await new Promise((r) => setTimeout(r, 2));
  const t1 = performance.now();
  while (d.counters.finals.succeeded < N) await new Promise((r) => setTimeout(r, 2));
  const t2 = performance.now();
  lat.sort((a, b) => a - b);
  console.log(
    mode,
    'accepted/s',
    Math.round((N / (t1 - t0)) * 1000),
    'final/s',
    Math.round((N / (t2 - t0)) * 1000),
    'to device ms p50',
    lat[N >> 1].toFixed(1),
    'p99',
    lat[(N * 0.99) | 0].toFixed(1),
    'message() ms',
    (inMsg / nMsg).toFixed(2),
  );
  c.end(true);
  await bus.close();
  await d.close();
  await db.close();
  await m?.close();
  f.remove();
}
