import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The address of the hub, and the identity of the device under test. */
export interface DeviceIdentity {
  url: string;
  id: string;
  secret: string;
  /** `name@version` */
  type: string;
  /** A folder that outlives reboots of the device. */
  state: string;
  /** The file with the CA to trust, PEM; undefined without TLS. */
  ca: string | undefined;
}

export interface CheckedDevice {
  /** Switches the device on. */
  start(): void;
  /** Cuts the power of the device. */
  kill(): Promise<void>;
  /** The end of the device's own output. */
  readonly output: string;
}

const keptOutput = 2_000;

/** The device under test as a process. `{url}`, `{id}`, `{secret}`, `{type}`, `{state}` and `{ca}` in its arguments are replaced. */
export class DeviceProcess implements CheckedDevice {
  readonly #command: readonly string[];
  readonly #env: Record<string, string | undefined>;
  #child: ChildProcess | undefined;
  output = '';

  /** @param env further variables for its environment */
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
    // A process group of its own, so that a device that a shell started ends with it.
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
      // It has ended by itself meanwhile; the `exit` listener records that.
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
