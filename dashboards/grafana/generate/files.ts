import type { DeviceType } from '../../../schemas/index.ts';
import type { AlertPanel } from './alert-rule.ts';
import { deviceAlerts } from './alerts.ts';
import { dashboard, type BoardPlan, type Dashboard } from './board.ts';
import { commandsBoard } from './commands-board.ts';
import type { DeviceLinks } from './device-links.ts';
import { familiesOf } from './fields.ts';
import { fleetBoard } from './fleet-board.ts';
import { hubAlerts } from './hub-alerts.ts';
import { hubBoard } from './hub-board.ts';
import { metricsBoard } from './metrics-board.ts';
import { alertFile, dashboardProviderFile, datasourceFile } from './provisioning.ts';
import { typeBoard } from './type-board.ts';

/** Where the dashboards of device types lie, and nothing else: one that is not wanted any more is removed. */
export const typeBoardFile = /^dashboards\/type-[a-z0-9-]+\.json$/;

/**
 * Everything Grafana needs to show and watch a fleet of these device types. The same types give the same bytes.
 * @param types all that devices have, or had
 * @param options.database the InfluxDB database that the hub writes to
 * @param options.consoleUrl where the console is: devices lead to their pages
 * @param options.webhookUrl where Grafana posts alerts: the rules notify it, and nothing else in Grafana changes
 * @param options.docsUrl where the documents' site is served: rules lead to what to do about them
 * @param options.influxdb3 the database is InfluxDB 3, which cannot limit series
 * @returns text by path below the folder, sorted
 */
export function grafanaFiles(
  types: readonly DeviceType[],
  options: {
    database: string;
    docsUrl?: string | undefined;
    consoleUrl?: string | undefined;
    webhookUrl?: string | undefined;
    influxdb3?: boolean | undefined;
  },
): ReadonlyMap<string, string> {
  const families = familiesOf(types);
  const { consoleUrl = 'http://127.0.0.1:8080' } = options;
  const links: DeviceLinks = { consoleUrl, names: families.map(({ name }) => name) };
  const made = (plan: BoardPlan): Dashboard =>
    options.influxdb3 === true ? withoutSeriesLimits(dashboard(plan)) : dashboard(plan);
  const ofTypes = families.map((family) => [`type-${family.name}`, made(typeBoard(family, links))] as const);
  const boards = new Map<string, Dashboard>([
    ['fleet', made(fleetBoard(types, links))],
    ['commands', made(commandsBoard(links))],
    ['hub', made(hubBoard())],
    ...ofTypes,
  ]);
  return new Map(
    [
      ['prometheus/metrics.json', textOf(dashboard(metricsBoard()))] as const,
      ...[...boards].map(([name, board]) => [`dashboards/${name}.json`, textOf(board)] as const),
      ['provisioning/datasources/hub.yaml', datasourceFile(options.database)],
      ['provisioning/dashboards/hub.yaml', dashboardProviderFile()],
      [
        'provisioning/alerting/hub.yaml',
        alertFile(
          [
            { name: 'Devices', rules: deviceAlerts(families) },
            { name: 'Hub', rules: hubAlerts },
          ],
          {
            numberOf: (panel) => numberIn([...boards.values()], panel),
            docsUrl: options.docsUrl,
            webhookUrl: options.webhookUrl,
          },
        ),
      ],
    ].toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)) as [string, string][],
  );
}

/** <https://docs.influxdata.com/influxdb3/core/reference/influxql/feature-support/>: everything else that is asked for is there. */
function withoutSeriesLimits(board: Dashboard): Dashboard {
  const panels = board.panels.map(({ targets, ...panel }) => ({
    ...panel,
    ...(targets === undefined
      ? {}
      : {
          targets: targets.map((target) => ({ ...target, query: target.query.replace(/ SLIMIT \d+$/u, '') })),
        }),
  }));
  return { ...board, panels };
}

function textOf(board: Dashboard): string {
  return `${JSON.stringify(board, undefined, 2)}\n`;
}

/** @throws Error when a rule names a panel that no dashboard has */
function numberIn(boards: readonly Dashboard[], { board, title, query = '' }: AlertPanel): number {
  const panels = boards.find(({ uid }) => uid === board)?.panels ?? [];
  const found = panels.find(
    (panel) => panel.title === title && (panel.targets ?? []).some((target) => target.query.includes(query)),
  );
  if (found === undefined) throw new Error(`no panel ${title} on ${board}`);
  return found.id;
}
