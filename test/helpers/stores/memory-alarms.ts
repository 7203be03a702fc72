import type {
  AlarmChange,
  AlarmRow,
  AlarmSaved,
  AlarmStore,
  StoredAlarm,
} from '../../../hub/alarms/alarm-store.ts';

/** Alarms on a disk that a test breaks. */
export class MemoryAlarms implements AlarmStore {
  readonly rows = new Map<string, AlarmRow>();
  broken = false;
  attempts = 0;

  load(): Promise<StoredAlarm[]> {
    const rows = [...this.rows.values()].toSorted((a, b) => a.n - b.n);
    return Promise.resolve(rows.map((row) => ({ row })));
  }

  async save(changes: readonly AlarmChange[]): Promise<AlarmSaved[]> {
    this.attempts += 1;
    if (this.broken) throw new Error('disk full');
    for (const { name, row } of changes) {
      const key = `${name.device} ${name.source}`;
      if (row === undefined) this.rows.delete(key);
      else this.rows.set(key, JSON.parse(JSON.stringify(row)) as AlarmRow);
    }
    return changes.map(() => ({ kind: 'saved' }));
  }
}
