import { provisioned, withoutVariables, type AlertRule } from './alert-rule.ts';
import { datasource } from './board.ts';
import { toYaml } from './yaml.ts';

const generated = 'Written by `hub grafana generate`; a change by hand is lost with the next run.';
const folder = 'Device hub';

/** @param database the one the hub writes to */
export function datasourceFile(database: string): string {
  return toYaml(
    {
      apiVersion: 1,
      datasources: [
        {
          name: folder,
          uid: datasource.uid,
          type: datasource.type,
          access: 'proxy',
          url: '$HUB_INFLUX_URL',
          user: '$HUB_INFLUX_USERNAME',
          // A long list of chosen sites would not fit into a URL.
          jsonData: { version: 'InfluxQL', dbName: withoutVariables(database), httpMode: 'POST' },
          secureJsonData: { password: '$HUB_INFLUX_PASSWORD' },
        },
      ],
    },
    [
      generated,
      "The hub's InfluxDB, read with InfluxQL. The names after a $ come from the environment of Grafana's own process;",
      'such a file knows no defaults, so HUB_INFLUX_URL must be set (http://localhost:8086 for one on this machine).',
      'A user name and a password are sent only when they are set.',
    ],
  );
}

export function dashboardProviderFile(): string {
  return toYaml(
    {
      apiVersion: 1,
      providers: [
        {
          name: 'device-hub',
          type: 'file',
          folder,
          folderUid: 'device-hub',
          allowUiUpdates: true,
          updateIntervalSeconds: 30,
          options: { path: '$GF_PATHS_PROVISIONING/../dashboards' },
        },
      ],
    },
    [generated, 'The folder `dashboards` lies beside the folder `provisioning`, wherever both are.'],
  );
}

export function alertFile(groups: readonly { name: string; rules: readonly AlertRule[] }[]): string {
  return toYaml(
    {
      apiVersion: 1,
      groups: groups.map(({ name, rules }) => ({
        orgId: 1,
        name,
        // Not the dashboards' own: Grafana makes that one with a uid, and this one by its title.
        folder: `${folder} alerts`,
        interval: '1m',
        rules: rules.map(provisioned),
      })),
    },
    [
      generated,
      'Who is told is yours to say: Alerting, Contact points and Notification policies, by label severity.',
    ],
  );
}
