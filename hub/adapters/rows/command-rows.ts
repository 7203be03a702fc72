import type { Command } from '../../commands/command.ts';
import type { CommandJournal, CommandRecord } from '../../commands/journal.ts';
import { jsonOf, numberOf, optional, type Row } from './row.ts';

/** The columns that `commandOf` reads, with the place in the journal. */
export const commandColumns = 'seq, body, answer_topic, answer_correlation';

/** Rows that one step of a prune deletes: few, so that no command waits for it. */
export const biteSize = 1_000;
const maxBites = 100;

export function commandOf(row: Row): CommandRecord {
  const command = jsonOf(row['body']) as Command;
  const { answer_topic: topic, answer_correlation: correlation } = row;
  // Only a journal that several hubs share has this column.
  const record = { command, ...optional('moves', row['moves']) };
  if (typeof topic !== 'string') return record;
  return {
    ...record,
    answerTo: { topic, correlation: correlation instanceof Uint8Array ? correlation : undefined },
  };
}

export function owedOf(rows: readonly Row[]): Awaited<ReturnType<CommandJournal['unanswered']>> {
  return { records: rows.map(commandOf), last: numberOf(rows.at(-1)?.['seq']) };
}

/** @param limit the number of commands asked for; a page with fewer is the last one */
export function commandPageOf(
  rows: readonly Row[],
  limit: number,
): Awaited<ReturnType<CommandJournal['list']>> {
  const last = rows.length < limit ? undefined : numberOf(rows.at(-1)?.['seq']);
  return { commands: rows.map((row) => commandOf(row).command), last };
}

/** @param bite deletes at most `biteSize` commands and deliveries, and returns how many of each */
export async function pruneInBites(bite: () => Promise<readonly number[]>): Promise<void> {
  for (let bites = 0; bites < maxBites; bites += 1) {
    const removed = await bite();
    if (removed.every((count) => count < biteSize)) return;
  }
}
