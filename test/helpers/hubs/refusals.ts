import { NackLog } from '../../../hub/admin/nack-log.ts';
import { Rejects, type RejectStore, type StoredReject } from '../../../hub/admin/rejects.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { MemoryDeviceLists } from '../devices/memory-devices.ts';
import { silentLog } from '../silent-log.ts';

export class MemoryRejectStore implements RejectStore {
  readonly rows = new Map<string, string>();
  other = 0;
  fails = false;

  load(): Promise<{ entries: StoredReject[]; other: number }> {
    const entries = [...this.rows.values()].map((text) => JSON.parse(text) as StoredReject);
    return Promise.resolve({ entries: entries.toSorted((a, b) => a.lastMs - b.lastMs), other: this.other });
  }

  save(...[changes, other]: Parameters<RejectStore['save']>): Promise<void> {
    if (this.fails) return Promise.reject(new HubError('database-failed'));
    for (const [key, change] of changes) {
      const text = this.rows.get(key);
      const row = change(text === undefined ? undefined : (JSON.parse(text) as StoredReject));
      if (row === undefined) this.rows.delete(key);
      else this.rows.set(key, JSON.stringify(row));
    }
    this.other += other;
    return Promise.resolve();
  }
}

export function newRejects(clock: Clock, store = new MemoryRejectStore()): Rejects {
  return new Rejects({ clock, log: silentLog, store, shared: false });
}

export function newNackLog(clock: Clock): NackLog {
  return new NackLog({ clock, log: silentLog, store: new MemoryDeviceLists() });
}
