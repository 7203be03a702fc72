/** The pages of the documents' site, each with the file of the repository that it is. */

export interface SitePage {
  /** Without `.md`. */
  page: string;
  title: string;
  source: string;
}

export interface SiteGroup {
  text: string;
  pages: readonly SitePage[];
}

export const siteGroups: readonly SiteGroup[] = [
  {
    text: 'Start',
    pages: [
      { page: 'start', title: 'Start in five minutes', source: 'docs/start.md' },
      { page: 'concepts', title: 'Concepts', source: 'docs/concepts.md' },
      { page: 'questions', title: 'Common questions', source: 'docs/questions.md' },
      { page: 'first-device', title: 'A first device', source: 'docs/first-device.md' },
    ],
  },
  {
    text: 'Devices',
    pages: [
      { page: 'guides/device-c', title: 'A device in C', source: 'sdk/c/README.md' },
      { page: 'guides/device-python', title: 'A device in Python', source: 'sdk/python/README.md' },
      {
        page: 'guides/device-typescript',
        title: 'A device in TypeScript',
        source: 'sdk/typescript/README.md',
      },
      { page: 'guides/device-libraries', title: 'The libraries compared', source: 'sdk/README.md' },
      { page: 'guides/clients', title: 'Other WebSocket libraries', source: 'docs/clients.md' },
    ],
  },
  {
    text: 'Running the hub',
    pages: [
      { page: 'guides/installation', title: 'Installation', source: 'packaging/README.md' },
      { page: 'guides/settings', title: 'Settings', source: 'docs/settings.md' },
      {
        page: 'guides/brokers-and-databases',
        title: 'InfluxDB and Mosquitto',
        source: 'docs/influxdb-and-mosquitto.md',
      },
      { page: 'guides/security', title: 'Security', source: 'SECURITY.md' },
      { page: 'guides/backup-and-upgrade', title: 'Backup and upgrade', source: 'docs/backups.md' },
      { page: 'guides/to-postgresql', title: 'Moving to PostgreSQL', source: 'docs/to-postgresql.md' },
      { page: 'guides/several-hubs', title: 'Several hubs', source: 'packaging/cluster.md' },
      { page: 'guides/sizing', title: 'Sizing', source: 'hub/PERFORMANCE.md' },
    ],
  },
  {
    text: 'Working with it',
    pages: [
      { page: 'guides/console', title: 'The console', source: 'dashboards/console/README.md' },
      { page: 'guides/commands', title: 'Commands, groups, schedules', source: 'docs/commands.md' },
      { page: 'guides/alarms', title: 'Alarms and webhooks', source: 'docs/alarms.md' },
      { page: 'guides/http-api', title: 'The API with curl', source: 'docs/http-api.md' },
      { page: 'guides/grafana', title: 'Grafana', source: 'dashboards/grafana/README.md' },
      { page: 'guides/home-assistant', title: 'Home Assistant', source: 'docs/home-assistant.md' },
      { page: 'guides/node-red', title: 'Node-RED', source: 'packaging/node-red/README.md' },
    ],
  },
  {
    text: 'When something is wrong',
    pages: [
      {
        page: 'guides/troubleshooting',
        title: 'Troubleshooting by symptom',
        source: 'docs/troubleshooting.md',
      },
      { page: 'guides/alerts', title: 'What to do about an alert', source: 'docs/alerts.md' },
      { page: 'guides/outages', title: 'When something is away', source: 'docs/outages.md' },
      { page: 'guides/monitoring', title: 'Prometheus and traces', source: 'docs/monitoring.md' },
    ],
  },
  {
    text: 'Reference',
    pages: [
      { page: 'reference/protocol', title: 'The device protocol', source: 'schemas/README.md' },
      { page: 'reference/frames', title: 'Frames', source: 'docs/reference/frames.md' },
      { page: 'reference/mqtt', title: 'MQTT topics', source: 'docs/reference/mqtt.md' },
      { page: 'reference/http', title: 'HTTP API', source: 'docs/reference/http.md' },
      { page: 'reference/cli', title: 'Command line', source: 'docs/reference/cli.md' },
      { page: 'reference/configuration', title: 'Configuration', source: 'docs/reference/configuration.md' },
      { page: 'reference/metrics', title: 'Metrics', source: 'docs/reference/metrics.md' },
      { page: 'errors', title: 'Error codes', source: 'docs/errors.md' },
    ],
  },
  {
    text: 'Working on the hub',
    pages: [
      { page: 'hub/architecture', title: 'How the hub is built', source: 'hub/README.md' },
      { page: 'hub/contributing', title: 'Contributing', source: 'CONTRIBUTING.md' },
      { page: 'hub/changelog', title: 'Changelog', source: 'CHANGELOG.md' },
    ],
  },
];

const home: SitePage = { page: 'index', title: 'Device hub', source: 'docs/index.md' };
export const sitePages: readonly SitePage[] = [home, ...siteGroups.flatMap(({ pages }) => pages)];
