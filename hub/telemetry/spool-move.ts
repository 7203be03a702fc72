import type { DeadLetter } from '../../schemas/api/telemetry/spool.ts';
import { typeOf } from './ledger.ts';
import type { SpoolStore } from './spool-store.ts';

/** Lines and dead letters that are moved at a time. */
const step = { lines: 5_000, size: 1_000_000, letters: 1_000 };

/**
 * Moves all that one place holds to another, oldest first, for a hub whose readings wait elsewhere from now on. When it is cut short,
 * some entries are in both: they are stored twice under the same times, which is once.
 * @returns how much it was
 * @throws HubError `database-failed`
 */
export async function moveSpool(
  from: SpoolStore,
  to: Pick<SpoolStore, 'append' | 'addDeadLetters'>,
): Promise<{ lines: number; deadLetters: number }> {
  const moved = { lines: 0, deadLetters: 0 };
  for (;;) {
    const found = await from.head(step);
    if (found === undefined) break;
    const { lines, shares, size, oldestMs } = found;
    await to.append({ lines, shares, size, nowMs: oldestMs });
    await from.remove(found.ids, [], oldestMs);
    moved.lines += lines.length;
  }
  for (;;) {
    const letters = refusedTogether(await from.deadLetters({ afterId: 0, limit: step.letters }));
    const [first] = letters;
    if (first === undefined) return moved;
    const kept = letters.map(({ account, line, reason }) => ({ account, line, reason, type: typeOf(line) }));
    await to.addDeadLetters(kept, first.refusedMs);
    await from.purge({ ids: letters.map(({ id }) => id) });
    moved.deadLetters += letters.length;
  }
}

/** The first of them, as far as they were refused at one time. */
function refusedTogether(letters: readonly DeadLetter[]): readonly DeadLetter[] {
  const end = letters.findIndex(({ refusedMs }) => refusedMs !== letters[0]?.refusedMs);
  return end < 0 ? letters : letters.slice(0, end);
}
