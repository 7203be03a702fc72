/** The tables of a hub's state in PostgreSQL, and where `state.db` has their rows. */

type ColumnType = 'text' | 'bigint' | 'int' | 'float8' | 'boolean' | 'bytea';

export interface MovedTable {
  readonly name: string;
  /** The type of each column in PostgreSQL. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** The columns that identify a row. Rows are read in their order, which is that of an index of `state.db`. */
  readonly key: readonly string[];
  /** The query that reads the rows from `state.db`, unless it has a table of the same name and columns. */
  readonly from?: string;
  /** Its rows name the hub that owns them. */
  readonly isOwned?: true;
}

const records = (name: string): MovedTable => ({
  name,
  columns: { name: 'text', record: 'text' },
  key: ['name'],
});

/**
 * One row for each device that is registered or has ever had a session. After a crash the epoch in `presence` may be older than
 * `device_epoch`; consumers only need it to rise.
 */
const deviceState = `SELECT ids.id AS device_id, ifnull(e.epoch, 0) AS epoch,
    EXISTS (SELECT 1 FROM boot_anchor a WHERE a.device_id = ids.id) AS connected_before, p.state, p.reason, p.since_ms,
    ifnull(p.n, 0) AS n, p.until_ms, p.pong_ms, p.frame_ms, p.data_ms, p.heartbeat_ms, p.grace_ms, p.last_session
  FROM (SELECT id FROM device UNION SELECT device_id FROM device_epoch UNION SELECT device_id FROM presence) ids
  LEFT JOIN device_epoch e ON e.device_id = ids.id LEFT JOIN presence p ON p.device_id = ids.id`;

export const movedTables: readonly MovedTable[] = [
  {
    name: 'device',
    columns: {
      id: 'text',
      type: 'text',
      site: 'text',
      credentials: 'text',
      created_ms: 'float8',
      disabled: 'boolean',
      rotation_due_ms: 'float8',
      labels: 'text',
      enrolment_id: 'text',
    },
    key: ['id'],
  },
  {
    name: 'device_state',
    columns: {
      device_id: 'text',
      epoch: 'bigint',
      connected_before: 'boolean',
      state: 'text',
      reason: 'text',
      since_ms: 'float8',
      n: 'bigint',
      until_ms: 'float8',
      pong_ms: 'float8',
      frame_ms: 'float8',
      data_ms: 'float8',
      heartbeat_ms: 'float8',
      grace_ms: 'float8',
      last_session: 'text',
    },
    key: ['device_id'],
    from: deviceState,
    isOwned: true,
  },
  {
    name: 'boot_anchor',
    columns: {
      device_id: 'text',
      boot: 'text',
      anchor_ms: 'float8',
      uptime_ms: 'float8',
      opened_epoch: 'bigint',
    },
    key: ['device_id', 'boot'],
  },
  {
    name: 'boot_anchor_step',
    columns: { device_id: 'text', boot: 'text', from_ms: 'float8', anchor_ms: 'float8' },
    key: ['device_id', 'boot', 'from_ms'],
  },
  {
    name: 'removed_device',
    columns: { device_id: 'text', commands_ended: 'boolean' },
    key: ['device_id'],
  },
  {
    name: 'device_list',
    columns: { device_id: 'text', kind: 'text', entries: 'text' },
    key: ['kind', 'device_id'],
  },
  { name: 'reject', columns: { key: 'text', last_ms: 'float8', entry: 'text' }, key: ['key'] },
  { name: 'reject_other', columns: { one: 'boolean', count: 'bigint' }, key: ['one'] },
  {
    name: 'command',
    columns: {
      seq: 'bigint',
      device: 'text',
      id: 'text',
      name: 'text',
      status: 'text',
      final: 'boolean',
      owed: 'boolean',
      accepted_ms: 'float8',
      changed_ms: 'float8',
      body: 'text',
      answer_topic: 'text',
      answer_correlation: 'bytea',
    },
    key: ['seq'],
    from: `SELECT seq, device, id, body ->> 'name' AS name, status, final, owed, body ->> 'acceptedMs' AS accepted_ms, changed_ms,
      body, answer_topic, answer_correlation FROM command`,
    isOwned: true,
  },
  { name: 'command_delivery', columns: { key: 'text', expires_ms: 'float8' }, key: ['key'] },
  { name: 'device_group', columns: { name: 'text', selector: 'text' }, key: ['name'] },
  {
    name: 'group_command',
    columns: {
      seq: 'bigint',
      id: 'text',
      status: 'text',
      owed: 'boolean',
      ended_ms: 'float8',
      body: 'text',
      answer_correlation: 'bytea',
    },
    key: ['seq'],
    isOwned: true,
  },
  {
    name: 'group_command_target',
    columns: {
      group_command: 'text',
      n: 'int',
      device: 'text',
      status: 'text',
      reason: 'text',
      settled: 'boolean',
    },
    key: ['group_command', 'n'],
  },
  {
    name: 'twin',
    columns: {
      device_id: 'text',
      rev: 'bigint',
      changed_ms: 'float8',
      desired: 'text',
      reported: 'text',
      reported_ms: 'float8',
      dealt_rev: 'bigint',
      errors: 'text',
      verdict_ms: 'float8',
    },
    key: ['device_id'],
  },
  {
    name: 'twin_change',
    columns: {
      device_id: 'text',
      rev: 'bigint',
      time_ms: 'float8',
      actor: 'text',
      origin: 'text',
      patch: 'text',
      dropped: 'text',
    },
    key: ['device_id', 'rev'],
  },
  {
    name: 'group_twin',
    columns: { seq: 'bigint', id: 'text', status: 'text', ended_ms: 'float8', body: 'text' },
    key: ['seq'],
  },
  {
    name: 'group_twin_target',
    columns: { group_twin: 'text', n: 'int', device: 'text', status: 'text', reason: 'text' },
    key: ['group_twin', 'n'],
  },
  { name: 'firmware', columns: { type: 'text', version: 'text', body: 'text' }, key: ['type', 'version'] },
  {
    name: 'rollout',
    columns: { seq: 'bigint', id: 'text', settled: 'boolean', ended_ms: 'float8', body: 'text' },
    key: ['seq'],
  },
  {
    name: 'rollout_target',
    columns: { rollout: 'text', n: 'int', device: 'text', wave: 'int', body: 'text' },
    key: ['rollout', 'n'],
  },
  ...[
    'schedule',
    'operator_account',
    'operator_token',
    'console_session',
    'enrolment',
    'enrolment_request',
    'day_count',
    'fleet_sample',
    'webhook',
    'notice',
  ].map(records),
  { name: 'silence', columns: { seq: 'bigint', id: 'text', body: 'text' }, key: ['seq'] },
  {
    name: 'webhook_delivery',
    columns: {
      seq: 'bigint',
      id: 'text',
      webhook: 'text',
      created_ms: 'float8',
      body: 'text',
      dead_ms: 'float8',
      error: 'text',
    },
    key: ['seq'],
  },
  {
    name: 'alarm',
    columns: { device_id: 'text', source: 'text', n: 'bigint', body: 'text' },
    key: ['device_id', 'source'],
  },
  {
    name: 'incident',
    columns: { seq: 'bigint', id: 'text', since_ms: 'float8', open: 'boolean', body: 'text' },
    key: ['seq'],
    from: 'SELECT rowid AS seq, id, since_ms, open, body FROM incident',
  },
  { name: 'hub_clock', columns: { one: 'boolean', last_ms: 'float8' }, key: ['one'] },
  { name: 'job_progress', columns: { job: 'text', at_ms: 'float8' }, key: ['job'] },
  {
    name: 'audit',
    columns: {
      seq: 'bigint',
      time_ms: 'float8',
      actor: 'text',
      origin: 'text',
      action: 'text',
      subject: 'text',
      outcome: 'text',
      details: 'text',
    },
    key: ['seq'],
  },
];

/** @throws Error for a table that is none of these */
export function movedTable(name: string): MovedTable {
  const table = movedTables.find((each) => each.name === name);
  if (table === undefined) throw new Error(`${name} is no table that is moved`);
  return table;
}
