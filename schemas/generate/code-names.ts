/** Names in generated code: each is unique, and none is a reserved word. */
export class CodeNames {
  readonly #taken = new Set<string>();

  /** The name, with a number at its end when it is taken: `a-b` and `a_b` would be the same name in C. */
  unique(name: string): string {
    let free = name;
    for (let count = 2; this.#taken.has(free); count += 1) free = `${name}_${count}`;
    this.#taken.add(free);
    return free;
  }
}

/** `set-interval` → `set_interval` */
export function snakeCase(name: string): string {
  return name.replaceAll('-', '_');
}

/** `set-interval` → `SetInterval` */
export function pascalCase(name: string): string {
  return name.replace(/(?:^|[-_])([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}
