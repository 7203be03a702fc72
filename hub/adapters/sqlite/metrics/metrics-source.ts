import { existsSync } from 'node:fs';
import { HubError, messageOf } from '../../../kernel/errors.ts';
import { siblingModule } from '../../../kernel/sibling-module.ts';
import type { ImportSource, SourcePoint, SourceSeries } from '../../../telemetry/history/store-import.ts';
import { openDatabase } from '../sqlite.ts';
import { metricsMigrations } from './metrics-store.ts';

/**
 * Reads the embedded metrics store, from the first series to the last. A hub may use it meanwhile.
 * @throws HubError `input-invalid` when there is none · `database-failed`
 */
export async function openMetricsSource(file: string): Promise<ImportSource & { close(): Promise<void> }> {
  if (!existsSync(file)) {
    throw new HubError('input-invalid', `there is no ${file}: no hub has stored readings in this folder`);
  }
  const operations = siblingModule('metrics-operations', import.meta.url);
  const db = await openDatabase({ file, migrations: metricsMigrations, operations });

  async function ask<Answer>(operation: string, argument: unknown): Promise<Answer> {
    try {
      return (await db.query(operation, argument)) as Answer;
    } catch (cause) {
      throw new HubError('store-unavailable', messageOf(cause), { cause });
    }
  }

  return {
    count: () => ask<number>('countPoints', undefined),
    seriesFrom: (id, limit) => ask<SourceSeries[]>('seriesFrom', { id, limit }),
    pointsFrom: (id, fromUs, limit) => ask<SourcePoint[]>('pointsFrom', { id, fromUs, limit }),
    close: () => db.close(),
  };
}
