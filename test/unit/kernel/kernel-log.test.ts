import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLog, keepEscapes, type LogLevel } from '../../../hub/kernel/log.ts';

function logOf(level: LogLevel) {
  const lines: string[] = [];
  const log = createLog({ level, destination: { write: (line) => void lines.push(line) } });
  return { log, lines };
}

test('a line is one JSON object with its time, level and members', () => {
  const { log, lines } = logOf('info');
  log.info({ device: 'd1' }, 'two\nlines');
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
  const { time, ...line } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.deepEqual(line, { level: 30, device: 'd1', msg: 'two\nlines' });
  assert.match(String(time), /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);
});

test('what is below the level is not written', () => {
  const { log, lines } = logOf('warn');
  log.info('quiet');
  log.warn('loud');
  assert.equal(lines.length, 1);
  const silent = logOf('silent');
  silent.log.fatal('nothing');
  assert.deepEqual(silent.lines, []);
});

test('secrets that slip into a line are not written', () => {
  const { log, lines } = logOf('info');
  log.info({
    secret: 's3cr3t-1',
    password: 's3cr3t-2',
    device: { secret: 's3cr3t-3', password: 's3cr3t-4' },
    headers: { authorization: 's3cr3t-5', host: 'kept' },
  });
  assert.doesNotMatch(lines.join(''), /s3cr3t/);
  assert.match(lines.join(''), /kept/);
});

test('a readable line holds nothing that a terminal obeys, whatever a stranger puts into it', () => {
  const obeyed = /(?![\n\t])[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u;
  const marks = fc.constantFrom(
    '\u001b',
    '\u0007',
    '\r',
    '\b',
    '\u007f',
    '\u009b',
    '\u202e',
    '\\',
    '"',
    'u001b',
    '\n',
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(marks, fc.string())).map((parts) => parts.join('')),
      (msg) => {
        const line = JSON.parse(keepEscapes(JSON.stringify({ msg }))) as { msg: string };
        assert.doesNotMatch(line.msg, obeyed);
        // Text that nothing obeys stays as it is.
        if (!obeyed.test(msg)) assert.equal(line.msg, msg);
      },
    ),
  );
});
