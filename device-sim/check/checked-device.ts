import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How the device under test finds the hub, and who it is. */
export interface DeviceIdentity {
  url: string;
  id: string;
  secret: string;
  /** `name@version` */
  type: string;
  /** A folder that outlives its reboots. */
  state: string;
  /** File with the CA to trust, PEM; without TLS there is none. */
  ca: string | undefined;
}

export interface CheckedDevice {
  /** Switches it on. */
  start(): void;
  /** Cuts its power. */
  kill(): Promise<void>;
  /** The last it said on its own output. */
  readonly output: string;
}

const keptOutput = 2_000;

/** The device under test as a process. `{url}`, `{id}`, `{secret}`, `{type}`, `{state}` and `{ca}` in its arguments are replaced. */
export class DeviceProcess implements CheckedDevice {
  readonly #command: readonly string[];
  readonly #env: Record<string, string | undefined>;
  #child: ChildProcess | undefined;
  output = '';

  /** @param env what else its environment has */
  constructor(
    command: readonly string[],
    identity: DeviceIdentity,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    const values = new Map<string, string | undefined>(Object.entries(identity));
    this.#command = command.map((part) =>
      part.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole),
    );
    const { url, id, secret, type, state, ca } = identity;
    this.#env = {
      ...env,
      HUB_URL: url,
      HUB_DEVICE_ID: id,
      HUB_DEVICE_SECRET: secret,
      HUB_DEVICE_TYPE: type,
      HUB_DEVICE_STATE: state,
      HUB_CA: ca,
    };
  }

  start(): void {
    const [program = '', ...args] = this.#command;
    // A process group of its own: a device started by a shell ends with it.
    const child = spawn(program, args, { env: this.#env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (data: Buffer): void => {
      this.output = `${this.output}${data.toString('utf8')}`.slice(-keptOutput);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(`${error.message}\n`)));
    child.on('exit', (code, signal) => keep(Buffer.from(`[the process ended: ${code ?? signal}]\n`)));
    this.#child = child;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended by itself in between; `exit` says so.
    }
    await ended;
  }
}

/** A board on the table: a person switches it on and off. */
export class DeviceInHand implements CheckedDevice {
  readonly output = '';
  readonly #say: (text: string) => void;
  readonly #enter: () => Promise<void>;

  /** @param enter resolves when the person presses Enter */
  constructor(say: (text: string) => void, enter: () => Promise<void>) {
    this.#say = say;
    this.#enter = enter;
  }

  start(): void {
    this.#say('Switch the device on.');
  }

  kill(): Promise<void> {
    this.#say('Cut the power of the device, and press Enter.');
    return this.#enter();
  }
}
