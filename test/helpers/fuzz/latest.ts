/** Which field of an answer is the name of what was made, by operation, and the word for it in a generated path. */
const fields: Readonly<Record<string, readonly [word: string, field: string]>> = {
  createEnrolment: ['latest-enrolment', 'id'],
  addCredential: ['latest-credential', 'id'],
};

/** The names that the hub itself gave to what was made last: generated input can only point at them. */
export class Latest {
  readonly #names = new Map<string, string>();

  /** @param path that was asked @param answer to it, JSON */
  learn(operation: string, path: string, answer: string): void {
    const [word, field] = Object.hasOwn(fields, operation) ? (fields[operation] ?? []) : [];
    if (word === undefined || field === undefined) return;
    const name = (JSON.parse(answer) as Readonly<Record<string, unknown>>)[field];
    if (typeof name !== 'string') return;
    this.#names.set(word, name);
    const device = /^\/api\/v1\/devices\/([^/]+)\//.exec(path)?.[1];
    if (device !== undefined) this.#names.set('latest-device', device);
  }

  /** The path with the names in place of the words. */
  inPath(path: string): string {
    return path.replaceAll(/latest-\w+/g, (word) => this.#names.get(word) ?? word);
  }
}
