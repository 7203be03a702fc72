/** Listeners by event, in a form that browsers have too. */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #listeners: { [Name in keyof Events]?: Set<(...values: Events[Name]) => void> } = {};

  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this {
    (this.#listeners[name] ??= new Set()).add(listener);
    return this;
  }

  /** Only for the next one. */
  once<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this {
    const first = (...values: Events[Name]): void => {
      this.off(name, first);
      listener(...values);
    };
    return this.on(name, first);
  }

  off<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this {
    this.#listeners[name]?.delete(listener);
    return this;
  }

  protected emit<Name extends keyof Events>(name: Name, ...values: Events[Name]): void {
    for (const listener of this.#listeners[name] ?? []) {
      try {
        listener(...values);
      } catch (error) {
        // A listener's fault is told as any uncaught one, and does not tear the session in the middle of a step.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
