import type { Registry } from './registry.ts';

export interface NoticeReport {
  /** Devices with an open session that it was sent to. */
  sent: number;
  /** Open sessions too congested to take it. */
  dropped: number;
}

/** Pushes a `notice` frame to every device with an open session. @param data any JSON value */
export function broadcastNotice(registry: Registry, topic: string, data: unknown): NoticeReport {
  const text = JSON.stringify({ type: 'notice', topic, data });
  const report: NoticeReport = { sent: 0, dropped: 0 };
  for (const session of registry.openSessions()) {
    if (session.notice(text)) report.sent += 1;
    else report.dropped += 1;
  }
  return report;
}
