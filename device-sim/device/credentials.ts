import { namePattern } from '../../schemas/index.ts';

export interface Credential {
  id: string;
  secret: string;
}

/**
 * Devices and their secrets, as `device add --json` prints them: one `{"id","secret"}` per line.
 * @throws SyntaxError naming the line, never the secret
 */
export function parseCredentials(text: string): Credential[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const credential = parseLine(line);
    if (credential === undefined) {
      throw new SyntaxError(`line ${index + 1} is not {"id":"…","secret":"…"}`);
    }
    return [credential];
  });
}

function parseLine(line: string): Credential | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('id' in value) || !('secret' in value))
      return undefined;
    const { id, secret } = value;
    if (typeof id !== 'string' || typeof secret !== 'string' || !namePattern.test(id)) return undefined;
    return { id, secret };
  } catch {
    return undefined;
  }
}
