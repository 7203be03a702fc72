/** One firmware of one device type. */
export interface Artifact {
  /** The device type without its version. */
  readonly type: string;
  /** As the device says it in `hello.firmware`. */
  readonly version: string;
  /** Of its bytes, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Ed25519 over the 32 bytes of the SHA-256, in base64; made outside the hub. */
  readonly signature?: string | undefined;
  /** Where devices get it, when the hub does not keep it. */
  readonly url?: string | undefined;
  /** Unix ms. */
  readonly addedMs: number;
  /** Who added it, as in the audit. */
  readonly actor: string;
}
