import type { Group } from '../../../schemas/api/commands/group-commands.ts';
import type { GroupCommand } from '../../commands/group/group-command.ts';
import type { GroupCommandJournal, GroupCommandRecord } from '../../commands/group/group-command-journal.ts';
import { jsonOf, type Row } from './row.ts';
import type { StateTables } from './state-tables.ts';
import { targetOf, withTargets } from './targets.ts';

const columns = 'id, body, answer_correlation';
const targetsOfOne =
  'SELECT device, status, reason FROM group_command_target WHERE group_command = $1 ORDER BY n';

/** The parts of the stores of group commands and stored groups that both databases share. */
export function groupCommandRows(
  tables: StateTables,
): Omit<GroupCommandJournal, 'accept' | 'save' | 'saveTargets' | 'prune'> {
  const records = (rows: readonly Row[]): Promise<GroupCommandRecord[]> =>
    withTargets(tables, rows, targetsOfOne, (row, targets) => ({
      groupCommand: groupCommandOf(row),
      targets: targets.map(targetOf),
    }));
  return {
    async open() {
      const unsettled = `SELECT group_command FROM group_command_target WHERE ${tables.no('settled')}`;
      const where = `status = 'running' OR id IN (${unsettled})`;
      return records(await tables.load(`SELECT ${columns} FROM group_command WHERE ${where} ORDER BY seq`));
    },
    async unanswered() {
      const sql = `SELECT ${columns} FROM group_command WHERE ${tables.yes('owed')} ORDER BY seq`;
      return records(await tables.load(sql));
    },
    async find(id) {
      const rows = await tables.read(`SELECT ${columns} FROM group_command WHERE id = $1`, [id]);
      return (await records(rows))[0];
    },
    async list(limit) {
      const sql = `SELECT ${columns} FROM group_command ORDER BY seq DESC LIMIT $1`;
      return (await tables.read(sql, [limit])).map(groupCommandOf);
    },
    async answered(id) {
      await tables.write('UPDATE group_command SET owed = $2 WHERE id = $1', [id, false]);
    },
    ...namedGroups(tables),
  };
}

function namedGroups(tables: StateTables): Pick<GroupCommandJournal, 'groups' | 'setGroup' | 'removeGroup'> {
  return {
    async groups() {
      const rows = await tables.load('SELECT name, selector FROM device_group ORDER BY name');
      return rows.map((row): Group => ({ name: String(row['name']), selector: String(row['selector']) }));
    },
    async setGroup({ name, selector }) {
      await tables.write(
        'INSERT INTO device_group (name, selector) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET selector = excluded.selector',
        [name, selector],
      );
    },
    async removeGroup(name) {
      const gone = await tables.write('DELETE FROM device_group WHERE name = $1 RETURNING name', [name]);
      return gone.length === 1;
    },
  };
}

/** Leaves out the correlation data, which are bytes: JSON cannot hold them, so they have a column of their own. */
export function groupCommandBody({ answerTo, ...groupCommand }: GroupCommand): string {
  return JSON.stringify(
    answerTo === undefined ? groupCommand : { ...groupCommand, answerTo: { topic: answerTo.topic } },
  );
}

function groupCommandOf(row: Row): GroupCommand {
  const groupCommand = jsonOf(row['body']) as GroupCommand;
  const correlation = row['answer_correlation'];
  if (groupCommand.answerTo === undefined || !(correlation instanceof Uint8Array)) return groupCommand;
  return { ...groupCommand, answerTo: { topic: groupCommand.answerTo.topic, correlation } };
}
