import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/**
 * The SHA-256 of a file, hexadecimal, read piece by piece. Pages without TLS have no `crypto.subtle`.
 * @param progress called with the share that is read, 0 to 1
 * @throws the signal's reason; an error of the browser when the file cannot be read
 */
export async function sha256Of(
  file: Blob,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  let read = 0;
  for (;;) {
    signal.throwIfAborted();
    const { done, value } = await reader.read();
    if (done) return bytesToHex(hash.digest());
    hash.update(value);
    read += value.length;
    progress(read / file.size);
  }
}

/** A signature as the API takes it: a file of 64 bytes in base64, any other as the text that it holds. */
export async function signatureOf(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return bytes.length === 64 ? btoa(String.fromCodePoint(...bytes)) : new TextDecoder().decode(bytes).trim();
}
