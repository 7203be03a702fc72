import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openInflux } from '../../../hub/adapters/influx/influx.ts';
import { makingMissingDatabase } from '../../../hub/adapters/influx/missing-database.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { writeWhole } from '../../../hub/telemetry/refused-lines.ts';
import { startHttpFront, type PassedRequest } from '../../helpers/services/http-front.ts';
import { query, startInflux } from '../../helpers/services/influxd.ts';

/** 2023-11-14T22:13:20Z, µs. */
const firstUs = 1_700_000_000_000_000;
const lines = Array.from({ length: 200 }, (_, n) => `m,device=d v=${n} ${firstUs + n}`);

const cut =
  (length: (whole: Buffer) => number) =>
  (write: PassedRequest): PassedRequest => ({ ...write, body: write.body.subarray(0, length(write.body)) });

function unmarked({ headers, ...write }: PassedRequest): PassedRequest {
  const { 'content-encoding': _gone, ...others } = headers;
  return { ...write, headers: others };
}

/** What something between the hub and InfluxDB may make of a write, while InfluxDB answers what it then gets. */
const changes: Readonly<Record<string, (write: PassedRequest) => PassedRequest>> = {
  'no body': cut(() => 0),
  'the first byte': cut(() => 1),
  'the first ten bytes': cut(() => 10),
  'half of the body': cut(({ length }) => length >>> 1),
  'all but the checksum': cut(({ length }) => length - 8),
  'all but the last byte': cut(({ length }) => length - 1),
  'the first lines': cut((whole) => {
    const end = whole.indexOf('\n', whole.length >>> 1);
    return end === -1 ? whole.length >>> 1 : end;
  }),
  'a body with one bit changed': (write) => {
    const body = Buffer.from(write.body);
    const at = body.length >>> 1;
    body[at] = (body[at] ?? 0) ^ 0x01;
    return { ...write, body };
  },
  'a body twice as long': (write) => ({
    ...write,
    body: Buffer.concat([write.body, Buffer.alloc(write.body.length)]),
  }),
  'no content-encoding': unmarked,
  'no query': (write) => ({ ...write, path: '/write' }),
  'a query of the database alone': (write) => ({ ...write, path: '/write?db=hub' }),
};

for (const [name, change] of Object.entries(changes)) {
  test(`of a write InfluxDB gets ${name}: each line is stored with its time, or none counts as stored or refused`, async (t) => {
    const server = await startInflux();
    t.after(() => server.close());
    const front = await startHttpFront(server.url);
    t.after(() => front.close());
    const store = makingMissingDatabase(openInflux({ url: front.url, database: 'hub', timeoutMs: 2_000 }));
    t.after(() => store.close());
    await store.createDatabase();
    front.change(change);
    const changed = await writeWhole(store, lines);
    if (changed.kind !== 'done') {
      assert.ok(changed.kind === 'failed');
      assert.match(
        changed.reason,
        /^400 .* \(the request did not arrive as it was sent\)$|^other side closed$/s,
      );
      front.change(undefined);
      assert.deepEqual(await writeWhole(store, lines), { kind: 'done', refused: new Map() });
    }
    const [series] = await query(server.url, 'hub', 'SELECT v FROM m');
    assert.deepEqual(
      series?.values,
      lines.map((_, n) => [firstUs + n, n]),
    );
  });
}

test('a read whose times come back in another form, because the query lost its precision, is no reading of 1970', async (t) => {
  const server = await startInflux();
  t.after(() => server.close());
  const front = await startHttpFront(server.url);
  t.after(() => front.close());
  const store = openInflux({ url: front.url, database: 'hub', timeoutMs: 2_000 });
  t.after(() => store.close());
  await store.createDatabase();
  await store.write(lines);
  const asked = { measurement: 'm', device: 'd', fromMs: 0, toMs: 2e12, limit: 5, take: 'first' } as const;
  assert.equal((await store.readings(asked)).length, 5);
  front.change((request) => ({ ...request, path: request.path.replace(/epoch=u&?/, '') }));
  await assert.rejects(
    store.readings(asked),
    (error) => error instanceof HubError && error.code === 'store-unavailable',
  );
});
