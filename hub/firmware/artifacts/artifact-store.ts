import type { Artifact } from './artifact.ts';

/** Which artifacts there are; each write is synced. All reject with HubError `database-failed`. */
export interface ArtifactStore {
  load(): Promise<Artifact[]>;
  /** False, and nothing written, when the type has this version already. */
  add(artifact: Artifact): Promise<boolean>;
  remove(artifact: Artifact): Promise<void>;
}

export type Bytes = AsyncIterable<Uint8Array>;

/** A file that was received whole, and is not kept yet. */
export interface ReceivedFile {
  readonly sha256: string;
  readonly size: number;
  /** Keeps it under its SHA-256; it is on disk when this resolves. */
  keep(): Promise<void>;
  /** Deletes it, if it is not kept. */
  discard(): Promise<void>;
}

/** The bytes of artifacts, each under its SHA-256. */
export interface ArtifactFiles {
  /** Deletes what is not wanted: an earlier run may have left it unfinished. */
  tidy(wanted: ReadonlySet<string>): Promise<void>;
  /**
   * Takes the bytes into a file beside the kept ones; when it throws, nothing is left of it.
   * @throws HubError `firmware-too-large` beyond `maxBytes` · what `bytes` throws
   */
  receive(bytes: Bytes, maxBytes: number): Promise<ReceivedFile>;
  /** What may be used of the disk, bytes. */
  freeBytes(): Promise<number>;
  /** The SHA-256 of what the file holds now; undefined: there is none. */
  digest(sha256: string): Promise<string | undefined>;
  /** @param first and last byte */
  read(sha256: string, first: number, last: number): Bytes;
  remove(sha256: string): Promise<void>;
}
