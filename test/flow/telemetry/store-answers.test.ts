import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { openInflux } from '../../../hub/adapters/influx/influx.ts';
import { systemClock } from '../../../schemas/time/clock.ts';
import type { FrameOwner } from '../../../hub/telemetry/batch.ts';
import { imbalance } from '../../../hub/telemetry/ledger.ts';
import { influxHeaders, linesWritten, query, startInflux } from '../../helpers/services/influxd.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { testPipeline } from '../../helpers/hubs/pipeline.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A pipeline to a real HTTP server: what each answer of the database does to the readings. */
function pipelineTo(t: TestContext, url: string) {
  const store = openInflux({ url, database: 'hub', timeoutMs: 10_000 });
  const pipeline = testPipeline({ store, clock: systemClock, log: silentLog });
  t.after(async () => {
    await pipeline.close();
    await store.close();
  });
  const settled: number[] = [];
  const refused: string[] = [];
  const owner: FrameOwner = {
    account: pipeline.ledger.account('d-1'),
    stored: (seq) => settled.push(seq),
    refusedByStore: (seq, _samples, reason) => refused.push(`${seq} ${reason}`),
  };
  const add = (batch: readonly string[]): void => {
    for (const [index, line] of batch.entries()) {
      pipeline.ledger.received(owner.account, 1);
      assert.ok(pipeline.writer.addReading(owner, index + 1, line));
    }
  };
  return { ...pipeline, store, add, settled, refused };
}

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `m,device=d-1 v=${n} ${1_700_000_000_000_000 + n}`);
}

test('one line of the wrong type in a batch of 5,000: it alone is a dead letter', async (t) => {
  const influx = await startInflux();
  t.after(() => influx.close());
  const { store, add, settled, refused, ledger, disk } = pipelineTo(t, influx.url);
  await store.createDatabase();
  assert.equal((await store.write(['m,device=d-1 v=1 1'])).kind, 'stored');
  const batch = lines(5_000);
  batch[3_210] = 'm,device=d-1 v="text" 1700000000009999';
  add(batch);
  await waitFor(() => settled.length === 5_000, { what: 'all is settled', timeoutMs: 10_000 });
  assert.equal(refused.length, 1);
  assert.match(refused[0] ?? '', /^3211 .*field type conflict: input field "v"/);
  assert.deepEqual(
    disk.letters.map(({ account, line }) => [account, line]),
    [['d-1', batch[3_210]]],
  );
  const [series] = await query(influx.url, 'hub', 'SELECT count(v) FROM m');
  assert.equal(series?.values[0]?.[1], 5_000);
  assert.deepEqual([ledger.total.stored, ledger.total.deadLettered, imbalance(ledger.total)], [4_999, 1, 0]);
});

type Answer = (response: ServerResponse, written: readonly string[]) => void;

/** Gives `bad` answers until `mend()`, then 204; keeps the lines it said it stored. */
async function answering(t: TestContext, bad: Answer) {
  const stored = new Set<string>();
  let mended = false;
  let requests = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const written = await linesWritten(request);
    requests += 1;
    if (!mended) {
      bad(response, written);
      return;
    }
    for (const line of written) stored.add(line);
    response.writeHead(204, influxHeaders).end();
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stored,
    get requests() {
      return requests;
    },
    mend: () => {
      mended = true;
    },
  };
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers).end('{"error":"no"}');
  };

/** By InfluxDB itself. */
const own = (code: number, headers: Record<string, string> = {}): Answer =>
  status(code, { ...influxHeaders, ...headers });

const badAnswers: Record<string, Answer> = {
  '401': own(401),
  '403': own(403),
  '404': own(404),
  '429 with Retry-After': own(429, { 'Retry-After': '1' }),
  '500': own(500),
  '503 with Retry-After': own(503, { 'Retry-After': '1' }),
  'half an answer': (response) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('{"half"');
    setImmediate(() => response.destroy());
  },
  'a reset after the request': (response) => void response.socket?.resetAndDestroy(),
  'no answer at all': () => undefined,
};

for (const [name, bad] of Object.entries(badAnswers)) {
  test(`answered with ${name}, readings are spooled and acked, and stored when the database is well`, async (t) => {
    const server = await answering(t, bad);
    const { add, settled, ledger, spool } = pipelineTo(t, server.url);
    const batch = lines(10);
    add(batch);
    await waitFor(() => settled.length === 10, { what: 'all is acked from the spool' });
    assert.equal(spool.lines, 10);
    assert.equal(server.stored.size, 0);
    server.mend();
    await waitFor(() => ledger.total.stored === 10, { what: 'the spool is drained', timeoutMs: 30_000 });
    assert.deepEqual([...server.stored].toSorted(), batch.toSorted());
    assert.equal(imbalance(ledger.total), 0);
  });
}

test('413: the batch is halved until it is taken, and nothing is lost', async (t) => {
  const taken = new Set<string>();
  const server = await answering(t, (response, written) => {
    if (written.length > 12) response.writeHead(413).end();
    else {
      for (const line of written) taken.add(line);
      response.writeHead(204, influxHeaders).end();
    }
  });
  const { add, settled, ledger } = pipelineTo(t, server.url);
  const batch = lines(100);
  add(batch);
  await waitFor(() => settled.length === 100, { what: 'all is settled' });
  assert.equal(ledger.total.stored, 100);
  assert.deepEqual([...taken].toSorted(), batch.toSorted());
});
