import type { CommandFrame, CommandType, DeviceType, WelcomeFrame } from '../../schemas/index.ts';
import { objectOf } from '../device/schema-values.ts';
import { NotApplicable } from './check.ts';
import type { CheckedDevice } from './checked-device.ts';
import type { FrameJudge } from './frame-judge.ts';
import type { PlayedHub } from './played-hub.ts';
import type { PlayedSession } from './played-session.ts';

export interface BenchParts {
  hub: PlayedHub;
  device: CheckedDevice;
  type: DeviceType;
  judge: FrameJudge;
  id: string;
  secret: string;
  /** The command that the checks send; without it, the safest one of the type. */
  command?: string | undefined;
}

/** The tools of a check: a played hub, and the device. */
export class Bench {
  readonly hub: PlayedHub;
  readonly device: CheckedDevice;
  readonly type: DeviceType;
  readonly id: string;
  readonly secret: string;
  readonly #judge: FrameJudge;
  readonly #command: string | undefined;
  #commands = 0;

  constructor({ hub, device, type, judge, id, secret, command }: BenchParts) {
    this.hub = hub;
    this.device = device;
    this.type = type;
    this.id = id;
    this.secret = secret;
    this.#judge = judge;
    this.#command = command;
  }

  /** The next session of the device, welcomed. @throws CheckFault */
  async open(overrides: Partial<WelcomeFrame> = {}): Promise<PlayedSession> {
    const session = await this.hub.session();
    await session.welcome(overrides);
    return session;
  }

  /** Cuts the power of the device and switches it on again. The next session belongs to the new boot. */
  async reboot(): Promise<void> {
    await this.device.kill();
    this.hub.forgetSessions();
    this.device.start();
  }

  /** The command that is sent to the device. @throws NotApplicable when its type has none */
  get commandType(): CommandType {
    const all = [...this.type.commands.values()];
    const ranks = ['observe', 'config', 'actuate'];
    const harmless = all
      .filter(({ safety }) => ranks.includes(safety))
      .toSorted((a, b) => ranks.indexOf(a.safety) - ranks.indexOf(b.safety));
    const chosen = this.#command === undefined ? harmless[0] : this.type.commands.get(this.#command);
    if (chosen === undefined) throw new NotApplicable('the device type has no command to try');
    return chosen;
  }

  /** A command whose deadline is in a minute, by the hub's clock. @throws NotApplicable */
  command(changes: Partial<CommandFrame> = {}): CommandFrame {
    const { name, safety } = this.commandType;
    const params = this.type.definition.commands?.[name]?.params;
    this.#commands += 1;
    const frame: CommandFrame = {
      type: 'command',
      id: `check-${this.#commands}`,
      name,
      params: params === undefined ? {} : objectOf(params, 'check', 0),
      deadline: this.hub.now() + 60_000,
      ttlMs: 60_000,
      safety,
      ...changes,
    };
    this.#judge.commands.set(frame.id, frame.name);
    return frame;
  }
}
