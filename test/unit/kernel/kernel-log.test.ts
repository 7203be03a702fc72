import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type LogLevel } from '../../../hub/kernel/log.ts';

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
