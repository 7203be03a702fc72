import { letPass } from '../../let-pass.ts';
import { temporaryFolder } from '../../services/guard.ts';
import { spawnHub, type HubProcess, type LogLine } from '../../services/process.ts';
import { waitFor } from '../../wait-for.ts';
import { startTcpProxy, type TcpProxy } from '../../services/tcp-proxy.ts';
import { FenceWatch } from './fence-watch.ts';

/** One of the hubs, started again whenever it ends, as a service manager does. */
export class HubMember {
  readonly #folder = temporaryFolder('chaos-hub');
  readonly state: TcpProxy;
  readonly broker: TcpProxy;
  readonly fence: FenceWatch;
  readonly #env: Readonly<Record<string, string>>;
  /** What is started from now on instead of the hub of this checkout. */
  entry: string | undefined;
  hub: HubProcess | undefined;
  starts = 0;
  /** Why it ended by itself, each time. */
  readonly ends: string[] = [];
  #ending = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(
    links: { state: TcpProxy; broker: TcpProxy; fence: FenceWatch },
    env: Readonly<Record<string, string>>,
  ) {
    this.state = links.state;
    this.broker = links.broker;
    this.fence = links.fence;
    this.#env = env;
  }

  /** A hub that reaches both over links of its own. @param env what is the same for all hubs */
  static async make(
    name: string,
    { postgres, broker }: { postgres: { port: number; username: string }; broker: { port: number } },
    env: Readonly<Record<string, string>>,
  ): Promise<HubMember> {
    const fence = new FenceWatch(name);
    const links = {
      fence,
      state: await startTcpProxy({ port: postgres.port }, fence.state),
      broker: await startTcpProxy({ port: broker.port }, fence.broker),
    };
    return new HubMember(links, {
      ...env,
      HUB_MQTT_URL: `mqtt://127.0.0.1:${links.broker.port}`,
      HUB_STATE_URL: `postgres://127.0.0.1:${links.state.port}/hub`,
      HUB_STATE_USERNAME: postgres.username,
    });
  }

  get dataDir(): string {
    return this.#folder.path;
  }

  get port(): number | undefined {
    return this.hub === undefined
      ? undefined
      : Number(new URL(this.hub.deviceUrl.replace('ws', 'http')).port);
  }

  start(): Promise<void> {
    const first = Promise.withResolvers<void>();
    this.#running = this.#run(() => first.resolve());
    return first.promise;
  }

  async #run(started: () => void): Promise<void> {
    while (!this.#ending) {
      this.starts += 1;
      try {
        const hub = await spawnHub({
          dataDir: this.#folder.path,
          env: this.#env,
          ...(this.entry === undefined ? {} : { entry: this.entry }),
        });
        if (this.#ending) await hub.close();
        else this.hub = hub;
        started();
        await hub.exited;
        this.ends.push(...hub.lines.filter(({ level }) => level === 60).map(reasonOf));
      } catch {
        // It could not start, because what it needs is away.
        await letPass(500);
      }
      this.hub = undefined;
    }
  }

  /** Stops it in good order, and resolves when it is there again. */
  async restart(): Promise<void> {
    const before = this.hub;
    await before?.kill('SIGTERM');
    const isBack = (): boolean => this.hub !== undefined && this.hub !== before;
    await waitFor(isBack, { what: 'a hub that is there again', timeoutMs: 60_000 });
  }

  async close(): Promise<void> {
    this.#ending = true;
    await this.hub?.close();
    await this.#running;
    this.fence.close();
    await Promise.all([this.state.close(), this.broker.close()]);
    this.#folder.remove();
  }
}

function reasonOf({ err, msg }: LogLine): string {
  const { message } = (err ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(msg);
}
