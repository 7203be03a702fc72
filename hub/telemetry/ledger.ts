import type { LedgerRow } from '../../schemas/api/telemetry/ledger.ts';
import type { NackCode } from '../../schemas/index.ts';

/** Why an accepted point is gone without having been stored. */
export type DropCause =
  /** An operator purged the dead letter. */
  | 'purged'
  /** The store refused it, and its device or type had used up its share of the dead letters. */
  | 'dead-letter-share'
  /** The store refused it, and there was no room for any dead letter. */
  | 'dead-letters-full'
  /** The store refused it, and the place of dead letters was away: PostgreSQL. */
  | 'dead-letters-away'
  /** A point of the hub's own (presence, command, hub) that found the buffer full. */
  | 'buffer-full';

/**
 * The points of one device, by fate. Always true:
 *
 *     carried + received = rejected + stored + dropped + inFlight + spooled + deadLettered
 *
 * The last three are levels: where points are now. `carried` is what waited already when the hub started, and what it took over
 * from hubs that have ended.
 */
export type LedgerAccount = Omit<LedgerRow, 'imbalance'>;

/** Points by account id. Made from a Map and read by its entries alone: an account may have a name that every object has. */
export type PointsByDevice = Readonly<Record<string, number>>;

/** The account of the hub's own points. No device id can look like it. */
export const hubAccount = '(hub)';

/** Measurements the hub writes on its own behalf, though some of their lines carry a device's tag. */
const ownMeasurements = ['presence,', 'command,', 'hub,'];

/**
 * The fates of all points, per device and in total; plain integers, so that counting costs additions only. What
 * happens to every reading adds by the names of the fates: by a name that varies, an addition costs ten times as much.
 */
export class Ledger {
  readonly #accounts = new Map<string, LedgerAccount>();
  readonly total: LedgerAccount = newAccount('(total)');
  readonly rejectedBy: Partial<Record<NackCode, number>> = {};
  readonly droppedBy: Partial<Record<DropCause, number>> = {};

  /** The account of a device, opened at the first request. */
  account(id: string): LedgerAccount {
    let account = this.#accounts.get(id);
    if (account === undefined) {
      account = newAccount(id);
      this.#accounts.set(id, account);
    }
    return account;
  }

  find(id: string): LedgerAccount | undefined {
    return this.#accounts.get(id);
  }

  /** All accounts, in no order. */
  accounts(): Iterable<LedgerAccount> {
    return this.#accounts.values();
  }

  /** All accounts, by id. */
  all(): LedgerAccount[] {
    return [...this.#accounts.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The points were received, or made by the hub. */
  received(account: LedgerAccount, points: number): void {
    account.received += points;
    this.total.received += points;
  }

  /** The hub refused them, and a nack said why. */
  rejected(account: LedgerAccount, code: NackCode, points: number): void {
    this.#add(account, 'rejected', points);
    this.rejectedBy[code] = (this.rejectedBy[code] ?? 0) + points;
  }

  dropped(account: LedgerAccount, cause: DropCause, points: number): void {
    this.#add(account, 'dropped', points);
    this.droppedBy[cause] = (this.droppedBy[cause] ?? 0) + points;
  }

  /** They are on their way to the store. */
  taken(account: LedgerAccount, points: number): void {
    account.inFlight += points;
    this.total.inFlight += points;
  }

  /** They are in the store. */
  stored(account: LedgerAccount, points: number): void {
    account.inFlight -= points;
    account.stored += points;
    this.total.inFlight -= points;
    this.total.stored += points;
  }

  /** Points move between the places where they can be. */
  moved(account: LedgerAccount, from: PointPlace, to: PointPlace | 'stored', points: number): void {
    this.#add(account, from, -points);
    this.#add(account, to, points);
  }

  /** Points are lost from the place where they were. */
  lost(account: LedgerAccount, from: PointPlace, cause: DropCause, points: number): void {
    this.#add(account, from, -points);
    this.dropped(account, cause, points);
  }

  /** A dead letter was thrown away by an operator. */
  purged(account: LedgerAccount, points: number): void {
    this.lost(account, 'deadLettered', 'purged', points);
  }

  /** The points that were there when the hub started, or that another hub left. */
  carryOver(shares: PointsByDevice, place: 'spooled' | 'deadLettered'): void {
    for (const [id, points] of Object.entries(shares)) {
      this.#add(this.account(id), 'carried', points);
      this.#add(this.account(id), place, points);
    }
  }

  #add(account: LedgerAccount, fate: Exclude<keyof LedgerAccount, 'id'>, points: number): void {
    account[fate] += points;
    this.total[fate] += points;
  }
}

/** Where a point that is neither stored nor refused can be. */
export type PointPlace = 'inFlight' | 'spooled' | 'deadLettered';

/** The sum of some accounts. */
export function sumOf(accounts: Iterable<LedgerAccount>): LedgerAccount {
  const sum = newAccount('(sum)');
  for (const { id: _, ...fates } of accounts) {
    for (const [fate, points] of Object.entries(fates)) sum[fate as keyof typeof fates] += points;
  }
  return sum;
}

/** Points in, minus points out, minus points the hub still has: 0 when the account balances. */
export function imbalance(account: LedgerAccount): number {
  const { carried, received, rejected, stored, dropped, inFlight, spooled, deadLettered } = account;
  return carried + received - rejected - stored - dropped - inFlight - spooled - deadLettered;
}

/** The account of one of our lines. The tag `device` comes first, and a device id needs no escaping. */
export function accountOf(line: string): string {
  if (ownMeasurements.some((name) => line.startsWith(name))) return hubAccount;
  const tag = ',device=';
  const start = line.indexOf(tag);
  if (start < 0) return hubAccount;
  const rest = /^[A-Za-z0-9_-]+/.exec(line.slice(start + tag.length, start + tag.length + 65));
  return rest?.[0] ?? hubAccount;
}

/** The device type of one of our lines, without its version; empty for the hub's own. Names of types need no escaping. */
export function typeOf(line: string): string {
  if (ownMeasurements.some((name) => line.startsWith(name))) return '';
  const space = line.indexOf(' ');
  return /,type=([a-z0-9-]+)/.exec(space < 0 ? line : line.slice(0, space))?.[1] ?? '';
}

function newAccount(id: string): LedgerAccount {
  return {
    id,
    carried: 0,
    received: 0,
    rejected: 0,
    stored: 0,
    dropped: 0,
    inFlight: 0,
    spooled: 0,
    deadLettered: 0,
  };
}
