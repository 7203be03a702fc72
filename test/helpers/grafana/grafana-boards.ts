import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../../hub/kernel/errors.ts';
import { readBlockYaml } from './block-yaml.ts';
import type { AlertFile, AlertFileRule } from './grafana-alerts.ts';
import {
  fillIn,
  queriesOf,
  type Dashboard,
  type DashboardQuery,
  type QueryContext,
} from './grafana-queries.ts';
import { query, type InfluxSeries } from '../services/influxd.ts';

/** The committed files for Grafana, as Grafana reads them, and their queries on a real InfluxDB. */

const folder = fileURLToPath(new URL('../../../dashboards/grafana', import.meta.url));

/** By file name, without `.json`. */
export const boards: ReadonlyMap<string, Dashboard> = new Map(
  readdirSync(join(folder, 'dashboards'))
    .toSorted()
    .map((name) => [
      name.replace('.json', ''),
      JSON.parse(readFileSync(join(folder, 'dashboards', name), 'utf8')) as Dashboard,
    ]),
);

/** By uid. */
export const rules: ReadonlyMap<string, AlertFileRule> = new Map(
  (
    readBlockYaml(
      readFileSync(join(folder, 'provisioning/alerting/hub.yaml'), 'utf8'),
    ) as unknown as AlertFile
  ).groups
    .flatMap((group) => group.rules)
    .map((rule) => [rule.uid, rule]),
);

/** The first query whose place (`panel 8 Devices online A`) has this text. @throws when there is none */
export function queryNamed(board: Dashboard | undefined, source: string): DashboardQuery {
  const found = board === undefined ? undefined : queriesOf(board).find((one) => one.source.includes(source));
  if (found === undefined) throw new Error(`no query of ${source}`);
  return found;
}

/** Runs every query in every context. @returns each that InfluxDB refuses, and each that never gives a row */
export async function faultsOf(
  board: Dashboard,
  contexts: readonly QueryContext[],
  { url, database }: { url: string; database: string },
): Promise<string[]> {
  const faults = await Promise.all(
    queriesOf(board).map(async (one) => {
      try {
        const answers = await Promise.all(
          contexts.map((context) => query(url, database, fillIn(one, context))),
        );
        return answers.some((series) => rowsIn(series) > 0) ? undefined : `${one.source}: no rows`;
      } catch (error) {
        return `${one.source}: ${messageOf(error)}`;
      }
    }),
  );
  return faults.filter((fault) => fault !== undefined);
}

/** Rows with anything but null beside the time. */
function rowsIn(series: readonly InfluxSeries[]): number {
  return series
    .flatMap(({ columns, values }) =>
      values.map((row) => row.filter((_, index) => columns[index] !== 'time')),
    )
    .filter((row) => row.some((value) => value !== null)).length;
}
