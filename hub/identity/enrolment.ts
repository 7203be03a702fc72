import { createHash, randomBytes } from 'node:crypto';
import { namePattern, typeName } from '../../schemas/index.ts';
import type { Enrolment, EnrolmentRequest, NewEnrolment } from '../../schemas/api/enrolments.ts';
import type { Auditor } from '../audit/audit.ts';
import { HubError } from '../kernel/errors.ts';
import { FailedProofs } from '../kernel/failed-proofs.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { newKeyCredential, newSecretCredential } from '../registry/credentials.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import { checkLabels } from '../registry/labels.ts';
import type { Registry } from '../registry/registry.ts';

export interface EnrolmentRecord extends Enrolment {
  /** SHA-256 of the token, hex. */
  hash: string;
}

export interface PendingRequest extends EnrolmentRequest {
  /** SHA-256 of the claim that only the asking device has, hex. */
  claimHash: string;
}

/** Every method may reject with HubError `database-failed`. */
export interface EnrolmentStore {
  load(): Promise<EnrolmentRecord[]>;
  add(enrolment: EnrolmentRecord): Promise<void>;
  /** One more use. @returns false: it is not as it was known any more, because another hub has changed it, and nothing is spent */
  spend(known: EnrolmentRecord): Promise<boolean>;
  remove(id: string): Promise<void>;
  loadRequests(): Promise<PendingRequest[]>;
  /**
   * @param known the request of this device as it was last read; undefined: there was none
   * @returns false: it is another one by now, because the device has asked another hub, or somebody has decided there; nothing is saved
   */
  saveRequest(request: PendingRequest, known: PendingRequest | undefined): Promise<boolean>;
  removeRequest(deviceId: string): Promise<void>;
}

/** What a device sends to enrol. */
export interface EnrolmentAsk {
  token: string;
  id: string;
  /** Its own public key, PEM: then no secret is made. For new devices only. */
  publicKey?: string;
  /** Of the `pending` answer. */
  claim?: string;
}

export type Enrolled =
  | { kind: 'enrolled'; id: string; type: string; site: string; secret: string | undefined }
  /** The device asks again later, with this claim. */
  | { kind: 'pending'; claim: string }
  /** The token is wrong, or not for this id; the answer is the same. */
  | { kind: 'denied' }
  | { kind: 'refused'; reason: 'already-registered' | 'disabled' | 'busy' }
  /** The device is registered, but not as one of those that the token is for. */
  | { kind: 'refused'; reason: 'other-type-or-site'; allowed: { typeName: string; site: string } }
  | { kind: 'throttled'; retryAfterSec: number };

export interface EnrolmentsDeps {
  store: EnrolmentStore;
  registry: Registry;
  clock: Clock;
  audit: Auditor;
  /** Other hubs make and use tokens, too. */
  several?: boolean;
}

/** A burst of ten failures, then one every six seconds, for each address. */
const limit = { burst: 10, everyMs: 6_000 };
/** Devices that wait for an operator's decision, altogether; one token may have a quarter of them. */
const maxRequests = 1_000;
const maxRequestsOfToken = maxRequests / 4;
/** Requests with a valid token that wait for their turn, altogether; one token may have a quarter of them. */
const maxWaiting = 1_000;
const maxWaitingOfToken = maxWaiting / 4;
/** Looks for tokens that other hubs have made a moment ago, a second: strangers must not keep the state busy. */
const seeksPerSec = 10;
/** Attempts to spend a use that other hubs spend at the same time. */
const maxAttempts = 5;
/** When to try again while too many wait, ms. */
const busyWaitMs = 5_000;

/** The restricted way in for devices that have no identity yet, and the decisions of operators about it. */
export class Enrolments {
  readonly #deps: EnrolmentsDeps;
  readonly #enrolments = new Map<string, EnrolmentRecord>();
  readonly #requests = new Map<string, PendingRequest>();
  readonly #failures: FailedProofs;
  readonly #seeks: TokenBucket;
  /** Changes made here. */
  #writes = 0;
  /** Requests are judged one after another, so that no use is spent twice. */
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Of each token, by the id of its enrolment. */
  readonly #waitingOf = new Map<string, number>();

  constructor(deps: EnrolmentsDeps) {
    this.#deps = deps;
    this.#failures = new FailedProofs(deps.clock, limit);
    this.#seeks = new TokenBucket(deps.clock, seeksPerSec);
  }

  /** Reads what an earlier hub kept, or other hubs have changed. @throws HubError `database-failed` */
  async load(): Promise<void> {
    const { store } = this.#deps;
    const writes = this.#writes;
    const [enrolments, requests] = [await store.load(), await store.loadRequests()];
    // Changed here in the meantime: the next look sees both.
    if (this.#writes !== writes) return;
    replaceAll(this.#enrolments, enrolments, ({ id }) => id);
    replaceAll(this.#requests, requests, ({ deviceId }) => deviceId);
  }

  /** @returns the token, shown this once @throws HubError `input-invalid` (labels) */
  async create(request: NewEnrolment): Promise<{ id: string; token: string }> {
    checkLabels(request.labels);
    if (request.notAfterMs <= this.#deps.clock.now())
      throw new HubError('input-invalid', 'notAfterMs must be a time to come, in Unix ms', {
        details: { name: 'notAfterMs', got: request.notAfterMs },
      });
    const token = `hube_${randomBytes(24).toString('base64url')}`;
    const id = randomBytes(6).toString('hex');
    const enrolment = {
      ...request,
      id,
      hash: hashOf(token),
      createdMs: this.#deps.clock.now(),
      used: 0,
    };
    this.#writes += 1;
    await this.#deps.store.add(enrolment);
    this.#enrolments.set(id, enrolment);
    return { id, token };
  }

  list(): Enrolment[] {
    return [...this.#enrolments.values()].map((enrolment) => {
      const { hash: _, ...rest } = enrolment;
      return rest;
    });
  }

  /** @throws HubError `enrolment-unknown` */
  async revoke(id: string): Promise<void> {
    if (!this.#enrolments.has(id)) throw new HubError('enrolment-unknown', id, { details: { id } });
    this.#writes += 1;
    await this.#deps.store.remove(id);
    this.#enrolments.delete(id);
    for (const request of this.#requests.values()) {
      if (request.enrolmentId === id) await this.#forget(request.deviceId);
    }
  }

  requests(): EnrolmentRequest[] {
    return [...this.#requests.values()].map((request) => {
      const { claimHash: _, ...rest } = request;
      return rest;
    });
  }

  /** @throws HubError `enrolment-unknown` when the device has not asked */
  async decide(deviceId: string, approved: boolean): Promise<void> {
    const request = this.#requests.get(deviceId);
    if (request === undefined) throw unknownRequest(deviceId);
    if (!approved) return this.#forget(deviceId);
    // Another device asks by now: nobody has seen that, so it is not what was approved.
    if (!(await this.#keepRequest({ ...request, approved }, request))) throw unknownRequest(deviceId);
  }

  /** @returns false: another hub has changed it */
  async #keepRequest(request: PendingRequest, known: PendingRequest | undefined): Promise<boolean> {
    this.#writes += 1;
    const isKept = await this.#deps.store.saveRequest(request, known);
    this.#writes += 1;
    if (isKept) this.#requests.set(request.deviceId, request);
    return isKept;
  }

  /** A device asks for its identity. @param address of the network it asks from @throws HubError `input-invalid` (publicKey) */
  async enrol(ask: EnrolmentAsk, address: string): Promise<Enrolled> {
    // A wrong token is found here, so that nobody with a right one waits behind it.
    const enrolment = this.#enrolmentOf(ask) ?? (await this.#sought(ask));
    const judged = enrolment === undefined ? denied : await this.#inTurn(enrolment.id, ask, address);
    const waitMs = judged.kind === 'denied' ? this.#failures.failed(`address ${address}`) : 0;
    const outcome = waitMs === 0 ? judged : throttled(waitMs);
    await this.#note(ask, address, outcome);
    return outcome;
  }

  /** Of a token that another hub has made a moment ago. */
  async #sought(ask: EnrolmentAsk): Promise<EnrolmentRecord | undefined> {
    if (this.#deps.several !== true || !this.#seeks.take()) return undefined;
    await this.load();
    return this.#enrolmentOf(ask);
  }

  /** The enrolment whose token lets this id in now. */
  #enrolmentOf({ token, id }: EnrolmentAsk): EnrolmentRecord | undefined {
    const hash = hashOf(token);
    const enrolment = [...this.#enrolments.values()].find((candidate) => candidate.hash === hash);
    const holds =
      enrolment !== undefined &&
      this.#deps.clock.now() < enrolment.notAfterMs &&
      namePattern.test(id) &&
      id.startsWith(enrolment.idPrefix);
    return holds ? enrolment : undefined;
  }

  async #inTurn(enrolmentId: string, ask: EnrolmentAsk, address: string): Promise<Enrolled> {
    const ofToken = this.#waitingOf.get(enrolmentId) ?? 0;
    if (this.#waiting >= maxWaiting || ofToken >= maxWaitingOfToken) return throttled(busyWaitMs);
    this.#waiting += 1;
    this.#waitingOf.set(enrolmentId, ofToken + 1);
    const judged = this.#tail.then(() => this.#judge(ask, address));
    this.#tail = judged.catch(() => undefined);
    try {
      return await judged;
    } finally {
      this.#waiting -= 1;
      const left = (this.#waitingOf.get(enrolmentId) ?? 1) - 1;
      if (left === 0) this.#waitingOf.delete(enrolmentId);
      else this.#waitingOf.set(enrolmentId, left);
    }
  }

  async #judge(ask: EnrolmentAsk, address: string, attempt = 1): Promise<Enrolled> {
    if (this.#deps.several === true) await this.load();
    const now = this.#deps.clock.now();
    // The enrolment may have been used up or revoked while this request waited.
    const enrolment = this.#enrolmentOf(ask);
    if (enrolment === undefined) return denied;
    const record = await this.#deps.registry.find(ask.id);
    if (record === undefined) {
      const registered = await this.#register(enrolment, ask, now);
      if (registered !== undefined) return registered;
      return attempt < maxAttempts ? this.#judge(ask, address, attempt + 1) : throttled(busyWaitMs);
    }
    if (record.disabled) return { kind: 'refused', reason: 'disabled' };
    const allowed = { typeName: typeName(enrolment.type), site: enrolment.site };
    if (record.site !== allowed.site || typeName(record.type) !== allowed.typeName)
      return { kind: 'refused', reason: 'other-type-or-site', allowed };
    const taken = { kind: 'refused', reason: 'already-registered' } as const;
    const byKey = record.credentials.every(({ kind }) => kind === 'key');
    if (lostAnswer(record, enrolment)) {
      if (ask.publicKey === undefined && !byKey) return this.#renew(record, now);
      return isKeyOf(record, ask.publicKey) ? enrolled(record, undefined) : taken;
    }
    if (ask.publicKey !== undefined || enrolment.reEnrolment === 'never') return taken;
    if (enrolment.reEnrolment === 'approve') return this.#askOperator(enrolment, ask, address, record, now);
    // The holder of a token must not get a secret for a device that authenticates with its key.
    return byKey ? taken : this.#renew(record, now);
  }

  /** Undefined: another hub has spent a use, or registered the device, in the meantime. */
  async #register(
    enrolment: EnrolmentRecord,
    ask: EnrolmentAsk,
    createdMs: number,
  ): Promise<Enrolled | undefined> {
    if (enrolment.used >= enrolment.uses) return denied;
    const made =
      ask.publicKey === undefined
        ? newSecretCredential(createdMs)
        : { credential: newKeyCredential(ask.publicKey, createdMs), secret: undefined };
    const { type, site, labels } = enrolment;
    const record = {
      id: ask.id,
      type,
      site,
      credentials: [made.credential],
      createdMs,
      disabled: false,
      labels,
      epoch: 0,
      enrolmentId: enrolment.id,
    };
    // The use is spent first: a crash between the two costs one use, not one too many.
    this.#writes += 1;
    if (!(await this.#deps.store.spend(enrolment))) return undefined;
    this.#enrolments.set(enrolment.id, { ...enrolment, used: enrolment.used + 1 });
    try {
      await this.#deps.registry.add([record]);
    } catch (error) {
      if (error instanceof HubError && error.code === 'device-exists') return undefined;
      throw error;
    }
    return enrolled(record, made.secret);
  }

  /** The old secret stays until the new one is used for the first time. */
  async #renew(record: DeviceRecord, now: number): Promise<Enrolled> {
    const { secret, credential } = newSecretCredential(now, { state: 'next' });
    await this.#deps.registry.changeCredentials(record.id, (credentials) => [
      ...credentials.filter(({ state }) => state !== 'next'),
      credential,
    ]);
    return enrolled(record, secret);
  }

  async #askOperator(
    enrolment: EnrolmentRecord,
    ask: EnrolmentAsk,
    address: string,
    record: DeviceRecord,
    askedMs: number,
  ): Promise<Enrolled> {
    const request = this.#requests.get(record.id);
    if (request !== undefined && ask.claim !== undefined && hashOf(ask.claim) === request.claimHash) {
      if (!request.approved) return { kind: 'pending', claim: ask.claim };
      await this.#forget(record.id);
      return this.#renew(record, askedMs);
    }
    // A later request does not replace one that an operator has approved for somebody else.
    if (request?.approved === true || (request === undefined && this.#isFull(enrolment.id))) {
      return { kind: 'refused', reason: 'busy' };
    }
    const claim = randomBytes(24).toString('base64url');
    const asked = {
      deviceId: record.id,
      enrolmentId: enrolment.id,
      claimHash: hashOf(claim),
      address,
      askedMs,
      approved: false,
    };
    const isKept = await this.#keepRequest(asked, request);
    return isKept ? { kind: 'pending', claim } : { kind: 'refused', reason: 'busy' };
  }

  #isFull(enrolmentId: string): boolean {
    const requests = [...this.#requests.values()];
    const ofToken = requests.filter((request) => request.enrolmentId === enrolmentId).length;
    return requests.length >= maxRequests || ofToken >= maxRequestsOfToken;
  }

  async #forget(deviceId: string): Promise<void> {
    this.#writes += 1;
    await this.#deps.store.removeRequest(deviceId);
    this.#requests.delete(deviceId);
  }

  async #note({ id }: EnrolmentAsk, address: string, outcome: Enrolled): Promise<void> {
    const event = {
      actor: `address:${address}`,
      origin: 'enrolment',
      action: 'device.enrol',
      subject: id,
    } as const;
    if (outcome.kind === 'enrolled' || outcome.kind === 'pending') {
      const done = outcome.kind === 'enrolled' ? 'done' : 'pending';
      await this.#deps.audit.record({ ...event, outcome: done });
      return;
    }
    const reason = outcome.kind === 'refused' ? outcome.reason : outcome.kind;
    this.#deps.audit.refused(address, { ...event, details: { reason } });
  }
}

function unknownRequest(deviceId: string): HubError {
  return new HubError('enrolment-unknown', deviceId, { details: { deviceId } });
}

const denied: Enrolled = { kind: 'denied' };

function throttled(waitMs: number): Enrolled {
  return { kind: 'throttled', retryAfterSec: Math.ceil(waitMs / 1000) };
}

/** The device was registered by this enrolment and has never connected: the answer was lost, so it gets another secret. */
function lostAnswer(record: DeviceRecord, { id }: EnrolmentRecord): boolean {
  return record.enrolmentId === id && record.connectedBefore !== true;
}

/** @throws HubError `input-invalid` (publicKey) */
function isKeyOf({ credentials, createdMs }: DeviceRecord, publicKey: string | undefined): boolean {
  if (publicKey === undefined) return false;
  const { material } = newKeyCredential(publicKey, createdMs);
  return credentials.some((credential) => credential.kind === 'key' && credential.material === material);
}

function enrolled({ id, type, site }: DeviceRecord, secret: string | undefined): Enrolled {
  return { kind: 'enrolled', id, type, site, secret };
}

function replaceAll<Value>(
  map: Map<string, Value>,
  by: readonly Value[],
  nameOf: (value: Value) => string,
): void {
  map.clear();
  for (const value of by) map.set(nameOf(value), value);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
