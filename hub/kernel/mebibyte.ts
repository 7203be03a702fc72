/** Bytes. Settings are in MiB, and the hub counts bytes. */
export const mebibyte = 1_048_576;
