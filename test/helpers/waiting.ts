/** Things that arrive in order, taken one by one by a test that waits for each. */
export class Waiting<T> {
  readonly #what: string;
  readonly #arrived: T[] = [];
  readonly #takers: ((value: T) => void)[] = [];

  /** @param what said by the failure when nothing comes: "a device connects" */
  constructor(what: string) {
    this.#what = what;
  }

  add(value: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#arrived.push(value);
    else taker(value);
  }

  pending(): readonly T[] {
    return this.#arrived;
  }

  /** @throws when nothing has come within `timeoutMs` */
  next(timeoutMs = 5_000): Promise<T> {
    const first = this.#arrived.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve, reject) => {
      const taker = (value: T): void => {
        clearTimeout(timer);
        resolve(value);
      };
      const timer = setTimeout(() => {
        this.#takers.splice(this.#takers.indexOf(taker), 1);
        reject(new Error(`waited ${timeoutMs} ms in vain: ${this.#what}`));
      }, timeoutMs);
      this.#takers.push(taker);
    });
  }
}
