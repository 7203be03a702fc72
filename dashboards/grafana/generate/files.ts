import type { DeviceType } from '../../../schemas/index.ts';
import { deviceAlerts } from './alerts.ts';
import { dashboard, type BoardPlan } from './board.ts';
import { commandsBoard } from './commands-board.ts';
import { familiesOf } from './fields.ts';
import { fleetBoard } from './fleet-board.ts';
import { hubAlerts } from './hub-alerts.ts';
import { hubBoard } from './hub-board.ts';
import { alertFile, dashboardProviderFile, datasourceFile } from './provisioning.ts';
import { typeBoard } from './type-board.ts';

/** Where the dashboards of device types lie, and nothing else: one that is not wanted any more is removed. */
export const typeBoardFile = /^dashboards\/type-[a-z0-9-]+\.json$/;

/**
 * Everything Grafana needs to show and watch a fleet of these device types. The same types give the same bytes.
 * @param types all that devices have, or had
 * @param options.database the InfluxDB database that the hub writes to
 * @returns text by path below the folder, sorted
 */
export function grafanaFiles(
  types: readonly DeviceType[],
  options: { database: string },
): ReadonlyMap<string, string> {
  const families = familiesOf(types);
  return new Map(
    [
      ['dashboards/fleet.json', board(fleetBoard(types))],
      ['dashboards/commands.json', board(commandsBoard())],
      ['dashboards/hub.json', board(hubBoard())],
      ...families.map((family) => [`dashboards/type-${family.name}.json`, board(typeBoard(family))] as const),
      ['provisioning/datasources/hub.yaml', datasourceFile(options.database)],
      ['provisioning/dashboards/hub.yaml', dashboardProviderFile()],
      [
        'provisioning/alerting/hub.yaml',
        alertFile([
          { name: 'Devices', rules: deviceAlerts(families) },
          { name: 'Hub', rules: hubAlerts },
        ]),
      ],
    ].toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)) as [string, string][],
  );
}

function board(plan: BoardPlan): string {
  return `${JSON.stringify(dashboard(plan), undefined, 2)}\n`;
}
