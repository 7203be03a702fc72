import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/**
 * The text of a file. Other bytes than those of UTF-8 would be replaced silently, so that a password, for example, would be
 * another one.
 * @param file its path or descriptor
 * @throws Error when it is not UTF-8, and those of node:fs
 */
export function readText(file: string | number): string {
  const bytes = readFileSync(file);
  if (!isUtf8(bytes)) throw new Error('it is not UTF-8 text');
  return bytes.toString();
}
