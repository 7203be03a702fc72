import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeLine } from '../../../hub/adapters/sqlite/metrics/line-decoder.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import {
  compileFieldEncoder,
  encodePrefix,
  encodeTimeUs,
  findUnwritable,
} from '../../../hub/telemetry/line-protocol.ts';
import type { FieldKind, FieldSpec } from '../../../schemas/index.ts';
import { columns, hasControl, hostile, legalName, spelled, storedTags } from '../../helpers/hostile-text.ts';

const invalid = (error: unknown): boolean => error instanceof HubError && error.code === 'input-invalid';
const field = (name: string, kind: FieldKind, tag = false): FieldSpec => ({ name, kind, tag });

const legalMeasurement = legalName.filter((text) => !text.startsWith('#'));
const timeUs = fc.integer({ min: 0, max: 4_000_000_000_000_000 });

test('what is encoded is decoded again, whatever the strings, in one line', () => {
  fc.assert(
    fc.property(
      legalMeasurement,
      fc.dictionary(
        legalName,
        hostile.filter((text) => !hasControl(text)),
      ),
      columns,
      timeUs,
      (measurement, tags, given, time) => {
        const data = Object.fromEntries(given.map(({ name, value }) => [name, value]));
        const encode = compileFieldEncoder(given);
        const line = `${encodePrefix(measurement, tags)}${encode(data)} ${encodeTimeUs(time / 1000)}`;
        assert.doesNotMatch(line, /\p{Cc}/u);
        const decoded = decodeLine(line);
        assert.equal(decoded.measurement, measurement);
        assert.equal(decoded.timeUs, time);
        assert.deepEqual(new Map(Object.entries(decoded.tags)), storedTags(tags));
        assert.deepEqual(
          new Map(Object.entries(decoded.fields)),
          new Map(given.map(({ name, value }) => [name, spelled(value)])),
        );
      },
    ),
    { numRuns: 2_000 },
  );
});

test('no string in a payload adds a line, a tag or a field, or changes its neighbours', () => {
  const encode = compileFieldEncoder([
    field('mode', 'string', true),
    field('before', 'integer'),
    field('note', 'string'),
    field('after', 'boolean'),
  ]);
  const prefix = encodePrefix('m', { device: 'd-1' });
  fc.assert(
    fc.property(hostile, hostile, (mode, note) => {
      const body = encode({ mode, before: 1, note, after: true });
      if (hasControl(mode)) return assert.equal(body, '');
      const { tags, fields, ...rest } = decodeLine(`${prefix}${body} 5`);
      assert.deepEqual({ ...rest }, { measurement: 'm', timeUs: 5 });
      assert.deepEqual(Object.keys(fields), ['before', 'note', 'after']);
      assert.deepEqual({ ...fields, note: '' }, { before: 1, note: '', after: true });
      assert.equal(tags['device'], 'd-1');
      assert.ok(Object.keys(tags).every((name) => name === 'device' || name === 'mode'));
    }),
    { numRuns: 2_000 },
  );
});

test('the schema decides the type of a field, never its value', () => {
  const encode = compileFieldEncoder([
    field('t', 'float'),
    field('rssi', 'integer'),
    field('on', 'boolean'),
    field('text', 'string'),
  ]);
  assert.equal(encode({ t: 21, rssi: -70, on: true, text: 'ok' }), ' t=21,rssi=-70i,on=true,text="ok"');
  assert.equal(encode({ t: 1e21 }), ' t=1e+21');
  assert.equal(encode({ t: -0 }), ' t=0');
  assert.equal(encode({ text: 'a "b" \\ \n' }), ' text="a \\"b\\" \\\\ \\\\n"');
});

test('absent fields are skipped and unknown ones ignored', () => {
  const encode = compileFieldEncoder([
    field('t', 'float'),
    field('constructor', 'float'),
    field('u', 'float'),
  ]);
  assert.equal(encode({ u: 2, other: 3 }), ' u=2');
  assert.equal(encode({ t: 1, u: 2 }), ' t=1,u=2');
});

test('data without a field, or with a value that does not fit, gives no line, and the field is named', () => {
  const fields = [
    field('t', 'float'),
    field('n', 'integer'),
    field('on', 'boolean'),
    field('mode', 'string', true),
  ];
  const encode = compileFieldEncoder(fields);
  assert.equal(encode({}), '');
  assert.equal(encode({ mode: 'auto' }), '', 'a point needs a field');
  assert.equal(findUnwritable(fields, { t: 1, n: 1, on: true, mode: 'x' }), undefined);
  for (const [name, value] of [
    ['t', Infinity],
    ['t', Number.NaN],
    ['t', '1'],
    ['t', null],
    ['n', 1.5],
    ['n', 2 ** 53],
    ['on', 1],
    ['mode', 'a\nb'],
    ['mode', {}],
  ] as const) {
    const data = { t: 0, [name]: value };
    assert.equal(encode(data), '', `${name}=${JSON.stringify(value)}`);
    assert.equal(findUnwritable(fields, data)?.name, name);
  }
});

test('payload tags come before the fields, sorted, whatever their place in the schema', () => {
  const encode = compileFieldEncoder([
    field('t', 'float'),
    field('mode', 'string', true),
    field('lane', 'integer', true),
  ]);
  assert.equal(encode({ t: 1, lane: 2, mode: 'a b' }), ',lane=2,mode=a\\ b t=1');
  assert.equal(encode({ t: 1, mode: '\\' }), ' t=1', 'a value of backslashes alone is empty');
  assert.equal(encode({ t: 1, mode: 'a\\ b\\c\\\\,' }), ',mode=a\\ b\\c\\, t=1', 'none before a separator');
});

test('the prefix has sorted tags, and leaves out empty ones', () => {
  assert.equal(
    encodePrefix('env_sensor_env', { type: 'env-sensor', device: 'd-1', site: 'Hall 3, left=A\\', x: '' }),
    'env_sensor_env,device=d-1,site=Hall\\ 3\\,\\ left\\=A,type=env-sensor',
  );
});

test('names and tag values that no line can carry are refused', () => {
  for (const bad of ['', '#m', 'm\n', 'm\\', 'm\\n', 'm"', '__proto__']) {
    assert.throws(() => encodePrefix(bad, {}), invalid, JSON.stringify(bad));
  }
  for (const bad of ['', 'k\r', 'k\\', 'k\\ ', '"']) {
    assert.throws(() => encodePrefix('m', { [bad]: 'v' }), invalid, JSON.stringify(bad));
    assert.throws(() => compileFieldEncoder([field(bad, 'float')]), invalid, JSON.stringify(bad));
    assert.throws(() => compileFieldEncoder([field(bad, 'string', true)]), invalid, JSON.stringify(bad));
  }
  for (const bad of ['a\nb', 'a\0', '\u007F', '\u0085']) {
    assert.throws(() => encodePrefix('m', { device: bad }), invalid, JSON.stringify(bad));
  }
});

test('Unix milliseconds with up to three decimals become exact microseconds', () => {
  assert.equal(encodeTimeUs(1_700_000_000_000), '1700000000000000');
  assert.equal(encodeTimeUs(1_700_000_000_000.123), '1700000000000123');
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_398_046_511_103 }),
      fc.integer({ min: 0, max: 999 }),
      (ms, us) => {
        const text = `${ms}.${String(us).padStart(3, '0')}`;
        assert.equal(encodeTimeUs(Number(text)), BigInt(text.replace('.', '')).toString());
      },
    ),
    { numRuns: 5_000 },
  );
});

test('lines that InfluxDB refuses are refused by the decoder', () => {
  for (const bad of [
    '',
    'm',
    'm 5',
    'm v=1',
    'm v=1 x',
    'm v= 5',
    'm =1 5',
    ',a=b v=1 5',
    'm,a= v=1 5',
    'm,a v=1 5',
    'm,=b v=1 5',
    'm,a=b,a=c v=1 5',
    'm v=NaN 5',
    'm v=1e400 5',
    'm v=1.5i 5',
    'm v="x 5',
    'm v="x"y 5',
    'm v=toString 5',
    'm v=1 99999999999999999',
  ]) {
    assert.throws(() => decodeLine(bad), invalid, bad);
  }
});

test('every spelling of a boolean and of a number is read', () => {
  const { fields } = decodeLine('m a=t,b=F,c=TRUE,d=false,e=-1.5e-3,f=.5,g=7.,h=-9i 5');
  assert.deepEqual({ ...fields }, { a: true, b: false, c: true, d: false, e: -0.0015, f: 0.5, g: 7, h: -9 });
});
