import type { BoardPlan, PanelPlan } from './board.ts';
import { stat, timeseries } from './panels.ts';
import { presenceMappings } from './shared-panels.ts';

/** What a hub's `/metrics` says, by Prometheus: what the database does not know, and what it cannot know while it is away. */
export function metricsBoard(): BoardPlan {
  return {
    uid: 'device-hub-metrics',
    title: 'Hub metrics',
    description: 'The numbers of /metrics, as Prometheus scrapes them.',
    source: 'prometheus',
    variables: [{ name: 'instance', label: 'Hub', query: 'label_values(hub_store_up, instance)' }],
    sections: [
      {
        title: 'Now',
        panels: [
          now('Devices online', 'sum(hub_devices_online{HUB})'),
          now('Incidents open', 'sum(hub_incidents_open{HUB})'),
          now('Alarms raised', 'sum(hub_alarms{HUB, state="raised"})'),
          now('Store up', 'min(hub_store_up{HUB})'),
          now('Broker connected', 'min(hub_bus_connected{HUB})'),
          now('Free disk', 'min(hub_disk_free_bytes{HUB})', 'bytes'),
        ],
      },
      { title: 'Devices', panels: [devices(), lost(), connections(), nacks()] },
      { title: 'Readings', panels: [points(), spool(), writes(), writeTime(), spoolWait(), bus()] },
      { title: 'Commands', panels: [commands(), latency()] },
      { title: 'Process', panels: [cpu(), memory(), eventLoop(), pages(), certificate()] },
    ],
  };
}

/** `HUB` stands for the chosen instances. */
function of(promql: string): string {
  return promql.replaceAll('HUB', 'instance=~"$instance"');
}

function now(title: string, promql: string, unit = 'none'): PanelPlan {
  return stat({
    title,
    width: 4,
    height: 4,
    unit,
    decimals: 0,
    queries: [{ alias: '', promql: of(promql) }],
  });
}

/** Of each name, one query. */
function chart(
  title: string,
  unit: string,
  queries: Readonly<Record<string, string>>,
  more: { description?: string; stacked?: boolean; colors?: Readonly<Record<string, string>> } = {},
): PanelPlan {
  return timeseries({
    title,
    ...more,
    width: 12,
    height: 8,
    unit,
    min: 0,
    queries: Object.entries(queries).map(([alias, promql]) => ({ alias, promql: of(promql) })),
  });
}

/** By a label of the metric, which names the lines. */
function rateBy(label: string, metric: string): Record<string, string> {
  return { [`{{${label}}}`]: `sum by (${label}) (rate(${metric}{HUB}[$__rate_interval]))` };
}

function rate(metric: string): string {
  return `sum(rate(${metric}{HUB}[$__rate_interval]))`;
}

function devices(): PanelPlan {
  const colors = Object.fromEntries(presenceMappings.map(({ value, color }) => [value, color]));
  return chart(
    'Devices by presence',
    'none',
    { '{{state}}': 'sum by (state) (hub_devices{HUB})' },
    { stacked: true, colors },
  );
}

function lost(): PanelPlan {
  const description =
    'Sessions per second that ended without a goodbye (1006: the connection broke), and those the hub closed.';
  return chart(
    'Lost links and closed sessions',
    'none',
    { ...rateBy('code', 'hub_session_losses_total'), ...rateBy('reason', 'hub_session_closes_total') },
    { description },
  );
}

function connections(): PanelPlan {
  return chart('Sockets and sessions opened', 'none', {
    sockets: 'sum(hub_connections{HUB})',
    'sessions per second': rate('hub_sessions_total'),
  });
}

function nacks(): PanelPlan {
  return chart('Refused readings', 'none', rateBy('code', 'hub_nacks_total'), {
    description: 'Nacks per second, by code.',
  });
}

function points(): PanelPlan {
  return chart(
    'Points per second',
    'none',
    {
      received: rate('hub_points_received_total'),
      stored: rate('hub_points_stored_total'),
      lost: rate('hub_points_dropped_total'),
    },
    { colors: { lost: 'red' } },
  );
}

function spool(): PanelPlan {
  return chart('In flight, spooled, dead letters', 'none', {
    'in flight': 'sum(hub_points_in_flight{HUB})',
    spooled: 'sum(hub_points_spooled{HUB})',
    'dead letters': 'sum(hub_points_dead_lettered{HUB})',
  });
}

function writes(): PanelPlan {
  return chart(
    'Writes to the store',
    'none',
    { writes: rate('hub_store_writes_total'), failed: rate('hub_store_write_failures_total') },
    { description: 'Per second.', colors: { failed: 'red' } },
  );
}

function writeTime(): PanelPlan {
  return chart(
    'Time of a write to the store',
    's',
    { '{{instance}}': 'hub_store_write_seconds{HUB}' },
    { description: 'How long writes take lately; each counts for an eighth.' },
  );
}

function spoolWait(): PanelPlan {
  return chart(
    'Age of the spool',
    's',
    { '{{instance}}': 'hub_spool_wait_seconds{HUB}' },
    { description: 'How long the oldest line has been waiting for the store; 0 when none waits.' },
  );
}

function certificate(): PanelPlan {
  return chart(
    'Certificate ends in',
    's',
    { '{{instance}}': 'hub_tls_expiry_seconds{HUB} - time()' },
    { description: 'Of the certificate that devices see.' },
  );
}

function bus(): PanelPlan {
  return chart('Messages of the broker', 'none', rateBy('fate', 'hub_bus_messages_total'), {
    description: 'Per second, by what became of them.',
  });
}

function commands(): PanelPlan {
  return chart('Commands ended', 'none', rateBy('status', 'hub_commands_total'), {
    description: 'Per second, by final status.',
  });
}

function latency(): PanelPlan {
  const query =
    'histogram_quantile(0.95, sum by (stage, le) (rate(hub_command_stage_seconds_bucket{HUB}[$__rate_interval])))';
  return chart('Time of commands, p95', 's', { '{{stage}}': query });
}

function cpu(): PanelPlan {
  return chart(
    'CPU',
    'percentunit',
    { '{{instance}}': 'rate(process_cpu_seconds_total{HUB}[$__rate_interval])' },
    { description: '100 % is one core; the event loop has one.' },
  );
}

function memory(): PanelPlan {
  return chart('Memory', 'bytes', { '{{instance}}': 'process_resident_memory_bytes{HUB}' });
}

function eventLoop(): PanelPlan {
  return chart(
    'Event-loop delay',
    's',
    { 'p{{quantile}}': 'max by (quantile) (hub_event_loop_delay_seconds{HUB})' },
    { description: 'How late timers ran in the last ten seconds; p1 is the longest delay.' },
  );
}

function pages(): PanelPlan {
  return chart('Console pages and webhooks', 'none', {
    pages: 'sum(hub_live_sockets{HUB})',
    'alarms that wait for webhooks': 'sum(hub_webhook_deliveries_waiting{HUB})',
  });
}
