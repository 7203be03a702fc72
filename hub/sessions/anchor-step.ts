import { messageOf } from '../kernel/errors.ts';
import type { BootTimes } from '../telemetry/reading-times.ts';
import { anchorLeadMs } from './device-clock.ts';
import type { SessionDeps } from './session-deps.ts';

/**
 * A device's clock has drifted: another anchor holds from a little later on, and not before it is on disk. A reading
 * always gets the time of the anchor that its own uptime falls under, however often it is sent.
 * @param channel of the session's device, asked for when the step is on disk
 */
export function stepAnchor(
  { registry, log }: Pick<SessionDeps, 'registry' | 'log'>,
  { deviceId, boot }: { deviceId: string; boot: string },
  { upMs, anchorMs }: { upMs: number; anchorMs: number },
  channel: () => BootTimes | undefined,
): void {
  const step = { boot, fromMs: upMs + anchorLeadMs, anchorMs };
  registry.addAnchorStep(deviceId, step).then(
    () => {
      channel()?.steps.push(step);
      log.info({ device: deviceId, anchorMs }, 'a device clock drifts: further anchor');
    },
    (error: unknown) => log.error({ device: deviceId, reason: messageOf(error) }, 'anchor not saved'),
  );
}
