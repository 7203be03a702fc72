import type { HubFrame, NackFrame } from '../../schemas/index.ts';
import type { FrameRefusal } from '../telemetry/frame-verdict.ts';
import { nack, type NackedDevice } from './nack.ts';
import type { Outbox } from './outbox.ts';
import type { SessionDeps } from './session-deps.ts';

/** The nacks of one session: each is counted and reported to whoever keeps them. */
export class SessionNacks {
  readonly #deps: Pick<SessionDeps, 'counters' | 'deviceEvents' | 'nackFollowers'>;
  readonly #outbox: Outbox;
  /** As it is known now: type and firmware come with the hello. */
  device: NackedDevice;

  constructor(
    deps: Pick<SessionDeps, 'counters' | 'deviceEvents' | 'nackFollowers'>,
    outbox: Outbox,
    deviceId: string,
  ) {
    this.#deps = deps;
    this.#outbox = outbox;
    this.device = { id: deviceId, type: undefined, firmware: undefined };
  }

  /** @returns false when the frame did not fit */
  send(frame: HubFrame): boolean {
    if (frame.type === 'nack') this.note(frame);
    return this.#outbox.send(frame);
  }

  /** @param answers what the nack names, as far as the refused frame says */
  refuse(refusal: FrameRefusal, answers: { seq?: number; re?: string } = {}): void {
    this.send({ ...nack(refusal), ...answers });
  }

  /** A nack goes to the device. @param stream of the frame, where it names one */
  note(frame: NackFrame, stream?: string): void {
    const { counters, deviceEvents, nackFollowers } = this.#deps;
    counters.nacks[frame.code] = (counters.nacks[frame.code] ?? 0) + 1;
    if (frame.code === 'rate' || frame.code === 'overloaded')
      deviceEvents.record(this.device.id, { kind: 'throttled', code: frame.code });
    for (const follower of nackFollowers) follower.nacked(this.device, frame, stream);
  }
}
