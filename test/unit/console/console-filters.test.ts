import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiQuery,
  matches,
  merged,
  readFilters,
  writeFilters,
  type CommandFilters,
} from '../../../dashboards/console/src/commands/command-filters.ts';
import type { CommandView } from '../../../schemas/api/commands/commands.ts';
import { requestPath } from '../../../schemas/api/requests/request-path.ts';

const none: CommandFilters = { device: '', name: '', status: '', from: '', to: '' };
const row = (id: string, more: Partial<CommandView> = {}) => ({
  id,
  device: 'd-1',
  name: 'reboot',
  status: 'sent' as const,
  final: false,
  accepted: 1_000,
  ts: 1_000,
  ...more,
});

test('Filters stand in the address as they were chosen', () => {
  const filters = { ...none, device: 'd-1', status: 'uncertain', from: '2026-01-02T03:04' };
  assert.deepEqual(readFilters(writeFilters(filters)), filters);
  assert.equal(writeFilters(none).toString(), '');
});

test('The hub is asked in its own terms', () => {
  const asked = (query: ReturnType<typeof apiQuery>): string => requestPath('', { query });
  assert.equal(
    asked(apiQuery({ ...none, name: 'reboot', status: 'open' }, 50, 7)),
    '?limit=50&name=reboot&open=true&before=7',
  );
  const { from } = { from: '2026-01-02T03:04' };
  assert.equal(apiQuery({ ...none, from }, 1).fromMs, new Date(2026, 0, 2, 3, 4).getTime());
  assert.equal(asked(apiQuery({ ...none, to: 'nonsense' }, 1)), '?limit=1');
});

const fits: [filters: Partial<CommandFilters>, fits: boolean][] = [
  [{}, true],
  [{ device: 'd-2' }, false],
  [{ name: 'reboot' }, true],
  [{ status: 'sent' }, true],
  [{ status: 'open' }, true],
  [{ status: 'ended' }, false],
  [{ from: '2026-01-01T00:00' }, false],
  [{ to: '2026-01-01T00:00' }, true],
];
for (const [filters, expected] of fits) {
  test(`A command ${expected ? 'fits' : 'does not fit'} ${JSON.stringify(filters)}`, () => {
    assert.equal(matches({ ...none, ...filters }, row('c')), expected);
  });
}

test('What is told changes its row, comes on top, or leaves a list it does not fit any more', () => {
  const rows = [row('b'), row('a')];
  assert.deepEqual(
    merged(rows, row('c'), none).map(({ id }) => id),
    ['c', 'b', 'a'],
  );
  const ended = row('a', { status: 'succeeded', final: true, ts: 2_000 });
  assert.equal(merged(rows, ended, none)[1], ended);
  assert.deepEqual(
    merged(rows, ended, { ...none, status: 'open' }).map(({ id }) => id),
    ['b'],
  );
  assert.equal(
    merged(rows, row('a', { status: 'accepted', ts: 999 }), none),
    rows,
    'an older word changes nothing',
  );
  assert.equal(merged(rows, row('c', { device: 'd-2' }), { ...none, device: 'd-1' }), rows);
});
