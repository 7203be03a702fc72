import type { Metrics } from '../kernel/metrics.ts';
import type { Admission } from './admission.ts';
import type { FrameLog } from './frames/frame-log.ts';
import type { SessionCounters } from './session-counters.ts';

export function exposeSessions(
  metrics: Metrics,
  { counters, frames, admission }: { counters: SessionCounters; frames: FrameLog; admission: Admission },
): void {
  metrics.counter('hub_sessions_total', 'Sessions opened (welcome sent)', () => counters.welcomes);
  metrics.counter(
    'hub_session_closes_total',
    'Sessions the hub closed, by reason',
    () => counters.closes,
    'reason',
  );
  metrics.counter(
    'hub_session_losses_total',
    'Sessions that the device closed or whose connection broke, by close code (1006: it broke)',
    () => counters.losses,
    'code',
  );
  metrics.counter('hub_frames_received_total', 'Text frames received', () => counters.frames);
  metrics.counter(
    'hub_frames_undecodable_total',
    'Frames that were no JSON object',
    () => counters.undecodable,
  );
  metrics.gauge('hub_frames_kept_bytes', 'Last frames of devices, kept to be looked at', () => frames.bytes);
  metrics.counter('hub_frame_exceptions_total', 'Frames whose handling threw', () => counters.exceptions);
  metrics.counter('hub_nacks_total', 'Nacks sent, by code', () => counters.nacks, 'code');
  metrics.counter(
    'hub_notices_dropped_total',
    'Notices dropped for congested devices',
    () => counters.noticesDropped,
  );
  metrics.counter(
    'hub_connects_too_often_total',
    'Connections refused because their device had had its share of them',
    () => admission.tooOften,
  );
  metrics.counter(
    'hub_turned_away_seconds_total',
    'Time in which devices were asked to connect later; it does not count as silence',
    () => admission.turnedAwayMs / 1000,
  );
}
