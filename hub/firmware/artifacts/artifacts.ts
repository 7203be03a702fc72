import type { KeyObject } from 'node:crypto';
import type { NewFirmwareLink } from '../../../schemas/api/firmware/firmware.ts';
import type { FieldError } from '../../../schemas/index.ts';
import { renderValue } from '../../../schemas/field-error.ts';
import { HubError, invalidInput, messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { mebibyte } from '../../kernel/mebibyte.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { Artifact } from './artifact.ts';
import type { ArtifactFiles, ArtifactStore, Bytes } from './artifact-store.ts';
import { isSignature, isSignedBy } from './signature.ts';

export interface ArtifactsDeps {
  clock: Clock;
  log: Log;
  store: ArtifactStore;
  files: ArtifactFiles;
  /** Of all artifacts together. */
  maxMib: number;
  /** The owner's public key: an artifact that it did not sign is refused; undefined: the devices alone judge. */
  key: KeyObject | undefined;
  /** A device type of this name, without a version. */
  isType: (name: string) => boolean;
}

/** What is said of an artifact that is added. */
export type NewArtifact = Pick<Artifact, 'type' | 'version' | 'sha256' | 'signature'>;

/** Kept at most, so that whatever names them all stays short. */
const maxArtifacts = 1_000;

/** The firmware that devices may be brought to: what it is, and its bytes. */
export class Artifacts {
  readonly #deps: ArtifactsDeps;
  /** By type and version. */
  readonly #all = new Map<string, Artifact>();
  /** Of kept files, since the start of the hub; resolves with false for one that is not what it was. */
  readonly #intact = new Map<string, Promise<boolean>>();
  readonly #damaged = new Set<string>();
  readonly #followers: (() => void)[] = [];
  #receiving = false;

  constructor(deps: ArtifactsDeps) {
    this.#deps = deps;
  }

  /** Reads what there is; the files are verified behind it. @throws HubError `database-failed` */
  async load(): Promise<void> {
    const { store, files, log } = this.#deps;
    for (const artifact of await store.load()) this.#all.set(keyOf(artifact), artifact);
    const kept = [...this.#all.values()].filter(({ url }) => url === undefined);
    try {
      await files.tidy(new Set(kept.map(({ sha256 }) => sha256)));
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'the folder of firmware was not tidied');
    }
    // One after the other, so that a start reads one file at a time.
    let before: Promise<unknown> = Promise.resolve();
    for (const { sha256 } of kept) {
      const verified = before.then(() => this.#verify(sha256));
      this.#intact.set(sha256, verified);
      before = verified;
    }
  }

  get count(): number {
    return this.#all.size;
  }

  /** Of the kept files. */
  get bytes(): number {
    const sizes = new Map(
      [...this.#all.values()].map((each) => [each.sha256, each.url === undefined ? each.size : 0]),
    );
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  get damaged(): number {
    return this.#damaged.size;
  }

  /** Called when a firmware has come or gone. */
  follow(changed: () => void): void {
    this.#followers.push(changed);
  }

  /** The version added last for devices of this type; undefined: there is none. */
  newestOf(type: string): string | undefined {
    let newest: Artifact | undefined;
    for (const artifact of this.#all.values())
      if (artifact.type === type && artifact.addedMs >= (newest?.addedMs ?? 0)) newest = artifact;
    return newest?.version;
  }

  /** Newest first. */
  list(): Artifact[] {
    return [...this.#all.values()].toSorted((a, b) => b.addedMs - a.addedMs);
  }

  /** @throws HubError `firmware-unknown` */
  require(type: string, version: string): Artifact {
    const artifact = this.#all.get(keyOf({ type, version }));
    if (artifact === undefined) throw new HubError('firmware-unknown', `${type} ${version}`);
    return artifact;
  }

  isDamaged({ sha256, url }: Artifact): boolean {
    return url === undefined && this.#damaged.has(sha256);
  }

  /**
   * Takes a file, and keeps it once it is what it is said to be.
   * @throws HubError `type-unknown` · `input-invalid` · `firmware-exists` · `firmware-busy` · `firmware-invalid` · `firmware-too-large` ·
   *   `database-failed`
   */
  async add(given: NewArtifact, bytes: Bytes, actor: string): Promise<Artifact> {
    this.#judge(given);
    if (this.#receiving) throw new HubError('firmware-busy');
    this.#receiving = true;
    try {
      return await this.#receive(given, bytes, actor);
    } finally {
      this.#receiving = false;
    }
  }

  /** One that is served elsewhere. @throws HubError as `add` */
  async link({ url, size, ...given }: NewFirmwareLink, actor: string): Promise<Artifact> {
    this.#judge(given);
    return this.#keep({ ...given, url, size, actor, addedMs: this.#deps.clock.now() });
  }

  /** @throws HubError `database-failed` */
  async remove(artifact: Artifact): Promise<void> {
    const { store, files } = this.#deps;
    // From here on no rollout begins with it.
    this.#all.delete(keyOf(artifact));
    try {
      await store.remove(artifact);
    } catch (error) {
      this.#all.set(keyOf(artifact), artifact);
      throw error;
    }
    for (const changed of this.#followers) changed();
    const { sha256 } = artifact;
    if (this.#keeps(sha256)) return;
    this.#intact.delete(sha256);
    this.#damaged.delete(sha256);
    // A file that stays is deleted at the next start.
    if (artifact.url === undefined) await files.remove(sha256);
  }

  /**
   * The kept file of this SHA-256, verified since the hub started; undefined: there is none that is intact.
   * Its bytes are read with `read`.
   */
  async open(
    sha256: string,
  ): Promise<{ size: number; read(first: number, last: number): Bytes } | undefined> {
    const artifact = [...this.#all.values()].find((each) => each.sha256 === sha256 && each.url === undefined);
    if (artifact === undefined || !(await this.#intact.get(sha256))) return undefined;
    return {
      size: artifact.size,
      read: (first, last) => this.#deps.files.read(sha256, first, last),
    };
  }

  /** Resolves when every file there was at the start is verified. */
  async verified(): Promise<void> {
    await Promise.all(this.#intact.values());
  }

  async #receive(given: NewArtifact, bytes: Bytes, actor: string): Promise<Artifact> {
    const { clock, files, maxMib } = this.#deps;
    const room = Math.min(maxMib * mebibyte - this.bytes, await files.freeBytes());
    const received = await files.receive(readable(bytes), Math.max(0, room));
    try {
      const { sha256, size } = received;
      if (size === 0) throw new HubError('firmware-invalid', 'the file is empty');
      if (sha256 !== given.sha256) {
        const note = `the ${size} bytes that came have the SHA-256 ${sha256}, not ${given.sha256}: part of the file is missing or changed`;
        throw new HubError('firmware-invalid', note, { details: { sha256, size } });
      }
      await received.keep();
      this.#intact.set(sha256, Promise.resolve(true));
      this.#damaged.delete(sha256);
      return await this.#keep({ ...given, size, actor, addedMs: clock.now() });
    } finally {
      await received.discard();
    }
  }

  async #keep(artifact: Artifact): Promise<Artifact> {
    if (!(await this.#deps.store.add(artifact))) throw exists(artifact);
    this.#all.set(keyOf(artifact), artifact);
    for (const changed of this.#followers) changed();
    return artifact;
  }

  /** @throws HubError, before any byte is taken */
  #judge({ type, version, sha256, signature }: NewArtifact): void {
    const { isType, key } = this.#deps;
    if (!isType(type)) throw new HubError('type-unknown', type);
    if (this.#all.has(keyOf({ type, version }))) throw exists({ type, version });
    if (this.#all.size >= maxArtifacts)
      throw invalidInput(fault('/version', 'limit', `one of at most ${maxArtifacts} firmwares`, 'one more'));
    if (signature !== undefined && !isSignature(signature))
      throw invalidInput(
        fault('/signature', 'signature', 'an Ed25519 signature, 64 bytes in base64', renderValue(signature)),
      );
    if (key === undefined) return;
    if (signature === undefined)
      throw new HubError('firmware-invalid', 'it has no signature, and HUB_FIRMWARE_KEY demands one');
    if (!isSignedBy(key, sha256, signature))
      throw new HubError(
        'firmware-invalid',
        'its signature was not made with the key of HUB_FIRMWARE_KEY over this SHA-256',
      );
  }

  #keeps(sha256: string): boolean {
    return [...this.#all.values()].some((each) => each.sha256 === sha256 && each.url === undefined);
  }

  async #verify(sha256: string): Promise<boolean> {
    let found: string | undefined;
    try {
      found = await this.#deps.files.digest(sha256);
    } catch (error) {
      this.#deps.log.error({ sha256, reason: messageOf(error) }, 'a firmware cannot be read');
    }
    if (found === sha256) return true;
    // It was removed meanwhile.
    if (!this.#keeps(sha256)) return false;
    this.#damaged.add(sha256);
    this.#deps.log.error({ sha256, found }, 'a firmware is not what it was: it is not served; add it again');
    return false;
  }
}

function keyOf({ type, version }: Pick<Artifact, 'type' | 'version'>): string {
  return `${type} ${version}`;
}

function exists({ type, version }: Pick<Artifact, 'type' | 'version'>): HubError {
  return new HubError('firmware-exists', `${type} ${version}; a changed firmware needs a version of its own`);
}

function fault(path: string, keyword: string, expected: string, got: string): FieldError {
  return { path, keyword, expected, got };
}

/** A sender that goes away in the middle is said in words. */
async function* readable(bytes: Bytes): Bytes {
  try {
    yield* bytes;
  } catch (error) {
    throw new HubError('firmware-invalid', `it was cut short: ${messageOf(error)}`, { cause: error });
  }
}
