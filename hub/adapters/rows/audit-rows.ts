import type { AuditRecord } from '../../../schemas/api/audit.ts';
import type { Origin } from '../../../schemas/api/requester.ts';
import { jsonOf, type Row } from './row.ts';

/** The number of entries that are kept, about 200 MB. */
export const keptEntries = 1_000_000;

export function auditRecordOf(row: Row): AuditRecord {
  return {
    seq: Number(row['seq']),
    timeMs: Number(row['time_ms']),
    actor: String(row['actor']),
    origin: String(row['origin']) as Origin,
    action: String(row['action']),
    subject: String(row['subject']),
    outcome: String(row['outcome']),
    details: jsonOf(row['details']) as Record<string, unknown>,
  };
}
