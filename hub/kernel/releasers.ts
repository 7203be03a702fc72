/**
 * The releaser stack: every started part pushes its close; closing runs them in reverse order, each once,
 * even when one of them throws. A start that fails half-way closes what it had started.
 */
export class Releasers {
  readonly #stack: { name: string; close: () => Promise<void> | void }[] = [];

  push(name: string, close: () => Promise<void> | void): void {
    this.#stack.push({ name, close });
  }

  /**
   * Closes everything, last started first.
   * @returns the faults met, each with the part's name; empty when all closed well.
   */
  async closeAll(): Promise<{ name: string; error: unknown }[]> {
    const faults: { name: string; error: unknown }[] = [];
    for (let part = this.#stack.pop(); part !== undefined; part = this.#stack.pop()) {
      try {
        await part.close();
      } catch (error) {
        faults.push({ name: part.name, error });
      }
    }
    return faults;
  }
}
