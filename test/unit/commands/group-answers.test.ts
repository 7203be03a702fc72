import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { GroupAnswers } from '../../../hub/commands/group/group-answers.ts';
import type { GroupCommandRecord } from '../../../hub/commands/group/group-command-journal.ts';
import type { StatusPublisher } from '../../../hub/commands/status-publisher.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { storedGroupCommand } from '../../helpers/stores/stored-records.ts';

test('a report that a killed hub owed is published by another hub, which needs no new connection to the broker for that', async (t) => {
  const clock = new ManualClock();
  const owed: GroupCommandRecord[] = [];
  const published: string[] = [];
  const answers = new GroupAnswers({
    clock,
    log: silentLog,
    topics: topicsOf('hub'),
    statuses: {
      publishOwed: async ({ topic }: { topic: string }) => void published.push(topic),
    } as unknown as StatusPublisher,
    journal: {
      unanswered: async () => [...owed],
      answered: async (id) => void owed.splice(owed.findIndex(({ groupCommand }) => groupCommand.id === id)),
    },
    several: true,
  });
  t.after(() => answers.close());
  answers.busConnected();
  await clock.advanceAsync(10_000);
  owed.push({
    groupCommand: storedGroupCommand('g-1', { status: 'stopped', endedMs: 1 }),
    targets: [{ device: 'd-1', status: 'skipped' }],
  });
  await clock.advanceAsync(9_999);
  assert.equal(published.length, 0);
  await clock.advanceAsync(1);
  assert.equal(published.length, 1);
  assert.match(published[0] ?? '', /g-1\/stopped$/);
  await clock.advanceAsync(20_000);
  assert.equal(published.length, 1, 'once');
});
