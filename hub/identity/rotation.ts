import type { HubFrame } from '../../schemas/index.ts';
import type { Auditor } from '../audit/audit.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import { newSecretCredential } from '../registry/credentials.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import type { Registry } from '../registry/registry.ts';

export interface RotationDeps {
  registry: Registry;
  sessions: {
    get(deviceId: string): { readonly isOpen: boolean; send(frame: HubFrame): boolean } | undefined;
  };
  clock: Clock;
  log: Log;
  audit: Auditor;
}

/** Devices that are offered a new secret at the same time: each costs a synced write and then a reconnect. */
const atOnce = 20;

/**
 * Changes the secrets of devices in two phases, so that none can be locked out:
 *
 *   due ── session open ──▶ offered: a next secret is on disk, then in a `credential` frame; the old one is valid
 *       ── first connect with the next one ──▶ done: the old one is retired
 *
 * The device keeps both until a session opened with the next one has its `welcome`. When the link is cut
 * anywhere, the old secret still opens a session, in which another next secret is offered.
 */
export class Rotation {
  readonly counters = { offered: 0, done: 0 };
  readonly #deps: RotationDeps;
  readonly #waiting: string[] = [];
  #offering = 0;

  constructor(deps: RotationDeps) {
    this.#deps = deps;
  }

  /** @throws HubError `device-unknown`; those before it in the list are due all the same */
  async request(deviceIds: readonly string[]): Promise<void> {
    const now = this.#deps.clock.now();
    await Promise.all(deviceIds.map((id) => this.#deps.registry.setRotationDue(id, now)));
    for (const id of deviceIds) this.sessionOpened(id);
  }

  /** Devices whose secret is to be changed and has not been yet, by id. */
  due(): { id: string; sinceMs: number }[] {
    return this.#deps.registry
      .all()
      .flatMap(({ id, rotationDueMs }) =>
        rotationDueMs === undefined ? [] : [{ id, sinceMs: rotationDueMs }],
      );
  }

  /** The session's welcome is out, or a rotation was asked for: offers what is due. */
  sessionOpened(deviceId: string): void {
    if (this.#deps.registry.get(deviceId)?.rotationDueMs === undefined) return;
    this.#waiting.push(deviceId);
    this.#next();
  }

  /** A device has proved who it is. If it used its next secret, the change is done once the old one is retired. */
  credentialUsed(record: DeviceRecord, credentialId: string): void {
    this.#deps.registry.credentialUsed(record, credentialId)?.then(
      () => this.#done(record.id),
      (error: unknown) => {
        // Both secrets stay valid; a restarted hub finds the next one unused and retires the old at its next use.
        this.#deps.log.error(
          { device: record.id, reason: messageOf(error) },
          'an old secret was not retired',
        );
      },
    );
  }

  #done(deviceId: string): void {
    this.counters.done += 1;
    void this.#deps.audit.record({
      actor: `device:${deviceId}`,
      origin: 'device',
      action: 'credential.rotate',
      subject: deviceId,
      outcome: 'done',
    });
  }

  #next(): void {
    while (this.#offering < atOnce) {
      const deviceId = this.#waiting.shift();
      if (deviceId === undefined) return;
      this.#offering += 1;
      this.#offer(deviceId)
        .catch((error: unknown) => {
          this.#deps.log.warn({ device: deviceId, reason: messageOf(error) }, 'no new secret was offered');
        })
        .finally(() => {
          this.#offering -= 1;
          this.#next();
        });
    }
  }

  async #offer(deviceId: string): Promise<void> {
    const { registry, sessions, clock } = this.#deps;
    const session = sessions.get(deviceId);
    if (session?.isOpen !== true) return;
    const made = newSecretCredential(clock.now(), { state: 'next' });
    await registry.changeCredentials(deviceId, (credentials, { rotationDueMs }) => {
      // A device without a secret has keys or a certificate, which the hub cannot create.
      const secrets = credentials.filter(({ kind }) => kind === 'secret');
      if (rotationDueMs === undefined || secrets.length === 0) return credentials;
      return [...credentials.filter(({ state }) => state !== 'next'), made.credential];
    });
    const offered = registry.get(deviceId)?.credentials.includes(made.credential) === true;
    if (!offered || !session.isOpen) return;
    const frame: HubFrame = { type: 'credential', id: made.credential.id, secret: made.secret };
    if (session.send(frame)) this.counters.offered += 1;
  }
}
