import type { Clock } from '../../schemas/time/clock.ts';
import type { Log } from '../kernel/log.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import type { ConsoleSessions } from './console-sessions.ts';
import type { Operators } from './operators.ts';

/** Looks at the shared state because of a credential that is not known here, a second: strangers must not keep it busy. */
const seeksPerSec = 10;

interface Deps {
  operators: Pick<Operators, 'refresh' | 'grantOf'>;
  logins: Pick<ConsoleSessions, 'refresh'>;
  clock: Clock;
  log: Log;
}

/** Takes over the accounts, tokens and logins that other hubs have changed. */
export class OtherHubsChanges {
  readonly #deps: Deps;
  readonly #seeks: TokenBucket;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#seeks = new TokenBucket(deps.clock, seeksPerSec);
  }

  /** What cannot be read now is read the next time. */
  async read(): Promise<void> {
    const { operators, logins, log } = this.#deps;
    try {
      await operators.refresh();
      await logins.refresh((actor) => operators.grantOf(actor));
    } catch (error) {
      log.debug({ err: error }, 'accounts and logins are not read now');
    }
  }

  /** Somebody shows a name, token or cookie that is not known here: it may have been made at another hub a moment ago. */
  async seek(): Promise<void> {
    if (this.#seeks.take()) await this.read();
  }
}
