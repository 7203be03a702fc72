import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { Pool, type Dispatcher } from 'undici';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { WriteOutcome } from '../../telemetry/store.ts';
import { influxVersion, outcomeOf, ownTimeMs, type Answer } from './influx-answers.ts';

export interface InfluxWritesOptions {
  url: URL;
  database: string;
  username?: string | undefined;
  password?: string | undefined;
  timeoutMs: number;
  /** Gets the time of each answer that comes from InfluxDB itself, Unix ms. */
  dated?: (timeMs: number) => void;
}

const compress = promisify(gzip);
const maxAnswerBytes = 1_000_000;

/**
 * Writes, and finds out which server answers, over our own connection pool; one request per call.
 *
 * Something in between may change a request; InfluxDB then stores the wrong thing and answers 204. Two measures prevent
 * that. Bodies are compressed: they end with a checksum (RFC 1952 §2.3.1), so InfluxDB refuses one that was cut short.
 * Times are in nanoseconds: InfluxDB assumes them when the `precision` has been lost.
 */
export class InfluxWrites {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #dated: (timeMs: number) => void;
  readonly #base: string;
  readonly #writePath: string;
  readonly #login: { authorization?: string };

  constructor(options: InfluxWritesOptions, clock: Clock) {
    const { url, database, timeoutMs } = options;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#dated = options.dated ?? (() => {});
    this.#pool = new Pool(url.origin, {
      connections: 4,
      connect: { timeout: timeoutMs },
      maxResponseSize: maxAnswerBytes,
    });
    this.#base = url.pathname.replace(/\/$/, '');
    const query = new URLSearchParams({ db: database });
    this.#writePath = `${this.#base}/write?${query.toString()}`;
    this.#login = authorization(options);
  }

  /** @param lines times in microseconds */
  async write(lines: readonly string[], given?: AbortSignal): Promise<WriteOutcome> {
    const body = inNanoseconds(lines);
    try {
      const answer = await this.#ask(
        {
          path: this.#writePath,
          method: 'POST',
          headers: {
            'content-type': 'text/plain; charset=utf-8',
            ...this.#login,
            ...(body === '' ? {} : { 'content-encoding': 'gzip' }),
          },
          body: body === '' ? body : await compress(body, { level: constants.Z_BEST_SPEED }),
        },
        given,
      );
      return outcomeOf(answer, body, this.#clock.now());
    } catch (error) {
      return { kind: 'unavailable', reason: messageOf(error) };
    }
  }

  /** @returns the server's name, such as `InfluxDB 1.8.10` @throws HubError `store-unavailable` */
  async probe(): Promise<string> {
    const version = await this.#pingedVersion();
    // InfluxDB 3 creates a database with the first write, and already requires the token for a ping.
    if (version !== undefined && Number.parseInt(version, 10) >= 3) return `InfluxDB ${version}`;
    // An empty write checks the login and the database; 2.x answers 400 because it has no points.
    const outcome = await this.write([]);
    if (outcome.kind !== 'stored' && outcome.kind !== 'partial' && outcome.kind !== 'refused') {
      const needsPerson = outcome.kind !== 'unavailable';
      throw new HubError('store-unavailable', outcome.reason, { details: { ...outcome, needsPerson } });
    }
    return `InfluxDB ${version ?? 'behind something that answers /ping itself'}`;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Undefined: something in between answers pings itself. The answer to the empty write then shows which server it is. */
  async #pingedVersion(): Promise<string | undefined> {
    try {
      return influxVersion(
        await this.#ask({ path: `${this.#base}/ping`, method: 'GET', headers: this.#login }),
      );
    } catch {
      return undefined;
    }
  }

  async #ask(request: Dispatcher.RequestOptions, given?: AbortSignal): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = given === undefined ? timeout : AbortSignal.any([timeout, given]);
    const { statusCode, headers, body } = await this.#pool.request({ ...request, signal });
    const answer = { status: statusCode, headers, body: await body.text() };
    const timeMs = ownTimeMs(answer);
    if (timeMs !== undefined) this.#dated(timeMs);
    return answer;
  }
}

function authorization({ username, password }: InfluxWritesOptions): { authorization?: string } {
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

/** Every line ends with its time. */
function inNanoseconds(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('000\n')}000`;
}
