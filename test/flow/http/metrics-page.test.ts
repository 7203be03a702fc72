import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';

/** What dashboards, alerts and users' own rules rely on: a name that goes or changes its kind breaks them silently. */
const names: Record<string, readonly string[]> = {
  counter: [
    'hub_alarm_changes_lost_total',
    'hub_alarms_raised_total',
    'hub_webhook_deliveries_total',
    'hub_audit_entries_total',
    'hub_reconciliation_failures_total',
    'hub_admin_refusals_total',
    'hub_admin_socket_drops_total',
    'hub_broker_refusals_total',
    'hub_bus_messages_total',
    'hub_commands_accepted_total',
    'hub_command_journal_faults_total',
    'hub_commands_left_to_others_total',
    'hub_commands_not_ours_total',
    'hub_commands_refused_total',
    'hub_commands_total',
    'hub_connects_too_often_total',
    'hub_console_session_save_failures_total',
    'hub_console_sessions_pushed_out_total',
    'hub_download_bytes_total',
    'hub_downloads_total',
    'hub_firmware_offers_total',
    'hub_firmware_publish_failures_total',
    'hub_firmware_words_total',
    'hub_rollout_write_failures_total',
    'hub_rollouts_stopped_total',
    'hub_fan_out_dropped_total',
    'hub_fan_out_total',
    'hub_null_fields_total',
    'hub_frame_exceptions_total',
    'hub_frames_received_total',
    'hub_frames_undecodable_total',
    'hub_history_save_failures_total',
    'hub_incident_changes_lost_total',
    'hub_incidents_total',
    'hub_job_failures_total',
    'hub_job_missed_total',
    'hub_job_runs_total',
    'hub_live_total',
    'hub_logins_unjudged_total',
    'hub_nacks_total',
    'hub_notices_dropped_total',
    'hub_notices_total',
    'hub_points_dropped_total',
    'hub_points_received_total',
    'hub_points_rejected_total',
    'hub_points_stored_total',
    'hub_presence_changes_dropped_total',
    'hub_presence_not_ours_total',
    'hub_presence_save_failures_total',
    'hub_presence_state_failures_total',
    'hub_rotations_total',
    'hub_schedule_times_total',
    'hub_session_closes_total',
    'hub_session_losses_total',
    'hub_sessions_held_total',
    'hub_sessions_total',
    'hub_socket_drops_total',
    'hub_stall_seconds_total',
    'hub_store_outages_total',
    'hub_store_write_failures_total',
    'hub_store_writes_total',
    'hub_tls_reloads_total',
    'hub_tls_resumptions_total',
    'hub_turned_away_seconds_total',
    'hub_twin_answers_lost_total',
    'hub_twin_changes_total',
    'hub_twin_deliveries_total',
    'hub_twin_reports_total',
    'hub_twin_state_failures_total',
    'hub_twin_write_failures_total',
    'hub_upgrade_refusals_total',
    'hub_upgrades_total',
  ],
  gauge: [
    'hub_alarms',
    'hub_silences',
    'hub_webhook_deliveries_waiting',
    'hub_bus_connected',
    'hub_commands_open',
    'hub_commands_uncertain',
    'hub_connections',
    'hub_devices',
    'hub_devices_online',
    'hub_devices_registered',
    'hub_downloads',
    'hub_firmware_artifacts',
    'hub_firmware_bytes',
    'hub_firmware_damaged',
    'hub_firmware_updates',
    'hub_rollouts',
    'hub_event_loop_delay_seconds',
    'hub_frames_kept_bytes',
    'hub_incidents_open',
    'hub_live_sockets',
    'hub_points_carried',
    'hub_points_dead_lettered',
    'hub_points_imbalance',
    'hub_points_in_flight',
    'hub_points_spooled',
    'hub_rolled_up_to_seconds',
    'hub_rotations_due',
    'hub_spool_bytes',
    'hub_spool_wait_seconds',
    'hub_disk_free_bytes',
    'hub_store_up',
    'hub_store_write_seconds',
    'hub_tls_expiry_seconds',
    'hub_twins',
  ],
  histogram: ['hub_command_stage_seconds'],
};

test('the metrics page keeps its names and their kinds, with and without TLS', async (t) => {
  for (const tls of ['', 'off']) {
    const { hub } = await startInProcessHub(t, { HUB_TLS: tls });
    const page = await (await fetch(new URL('/metrics', hub.adminUrl))).text();
    const found = [...page.matchAll(/^# TYPE (hub_\w+) (\w+)$/gm)].map(([, name, kind]) => `${kind} ${name}`);
    const expected = Object.entries(names).flatMap(([kind, list]) => list.map((name) => `${kind} ${name}`));
    const given = tls === '' ? expected : expected.filter((name) => !/ hub_tls_(reloads|expiry)/.test(name));
    assert.deepEqual(found.toSorted(), given.toSorted());
  }
});

test('the metrics page follows the naming rules that Prometheus checks', async (t) => {
  const { hub } = await startInProcessHub(t);
  const page = await (await fetch(new URL('/metrics', hub.adminUrl))).text();
  const types = [...page.matchAll(/^# TYPE (\S+) (\w+)$/gm)];
  const helped = new Set([...page.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
  assert.ok(types.length > 50);
  for (const [, name = '', kind] of types) {
    assert.equal(name.endsWith('_total'), kind === 'counter', `${kind} ${name}`);
    assert.doesNotMatch(name, /_(count|sum|bucket)$|_(counter|gauge|histogram)\b|[A-Z:]/, name);
    assert.doesNotMatch(name, /_(ms|millis|milliseconds|minutes|hours|kb|mb|mib|percent)(_|$)/i, name);
    assert.ok(helped.has(name), `${name} has no help text`);
  }
});

test('what the admin listener refuses is counted by its status', async (t) => {
  const { hub } = await startInProcessHub(t);
  const authorization = 'Bearer guess';
  for (let n = 0; n < 3; n += 1) {
    const answer = await fetch(new URL('/api/v1/devices', hub.adminUrl), { headers: { authorization } });
    assert.equal(answer.status, 401);
    await answer.text();
  }
  const page = await (await fetch(new URL('/metrics', hub.adminUrl))).text();
  assert.match(page, /^hub_admin_refusals_total\{status="401"\} 3$/m);
});
