import { join } from 'node:path';
import { ImportFile } from '../../adapters/import-file.ts';
import { openInfluxImport } from '../../adapters/influx/influx-import.ts';
import { rollUpOf } from '../../adapters/roll-up-name.ts';
import { openMetricsSource } from '../../adapters/sqlite/metrics/metrics-source.ts';
import type { Config } from '../../config/config.ts';
import { HubError } from '../../kernel/errors.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';
import type { ImportReport, ImportState } from '../../../schemas/store-import.ts';
import { importStore, nothingImported } from '../../telemetry/history/store-import.ts';
import { storedFields } from '../../telemetry/history/stored-fields.ts';

/** A count of everything that a measurement has takes longer than a write. */
const timeoutMs = 60_000;

/**
 * Copies what the embedded store has into InfluxDB, and counts it there. It may be run again at any time, also while a hub
 * runs: a point that is written twice is stored once.
 * @throws HubError `config-invalid` · `input-invalid` · `database-failed` · `store-unavailable` · `schema-invalid`
 */
export async function importReadings(
  { dataDir, schemasDir, influx }: Config,
  progress: (state: ImportState, of: number) => void,
): Promise<ImportReport> {
  if (influx === undefined) {
    throw new HubError(
      'config-invalid',
      'HUB_INFLUX_URL must be the InfluxDB that gets the readings: http://HOST:8086',
    );
  }
  const types = (await loadDeviceTypes(schemasDir)).all();
  const source = await openMetricsSource(join(dataDir, 'metrics.db'));
  try {
    const target = openInfluxImport({ ...influx, timeoutMs });
    const file = new ImportFile(join(dataDir, 'import.json'), `${influx.url} ${influx.database}`);
    try {
      const report = await importStore(
        {
          source,
          target,
          fieldsOf: storedFields(types, rollUpOf),
          keep(state, of) {
            file.save(state);
            progress(state, of);
          },
        },
        file.load() ?? nothingImported,
      );
      file.remove();
      return report;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
