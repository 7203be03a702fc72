import type { Complain, HubMemory, HubStore, Slot } from '../core/ports.ts';

const readings = 'readings';
const values = 'values';

/** What outlives a reload of the page. */
export interface PageState {
  store: HubStore;
  memory: HubMemory;
}

/**
 * Opens the IndexedDB of this name, and reads all of it. Readings are written soon after they are taken; what the memory saves is
 * there when its promise resolves.
 * @param complain told when something could not be written: a reading is then kept as long as the page
 * @throws Error when the browser has no IndexedDB for this page
 */
export async function openPageState(name: string, complain: Complain): Promise<PageState> {
  const database = await open(name);
  const kept = await readAll<number, unknown>(database, readings);
  const slots = await readAll<string, unknown>(database, values);
  const write = (store: string, change: (target: IDBObjectStore) => void): Promise<void> =>
    written(database, store, change);
  return {
    store: new PageStore(kept, {
      write: (change) => {
        write(readings, change).catch((error: unknown) =>
          complain(`a reading cannot be kept: ${textOf(error)}`),
        );
      },
      close: () => database.close(),
    }),
    memory: {
      load: (slot: Slot) => {
        const value = slots.get(slot);
        if (value !== undefined && typeof value !== 'string') throw new TypeError(`${slot} is no text`);
        return value;
      },
      save: (slot: Slot, value: string) => write(values, (target) => void target.put(value, slot)),
    },
  };
}

interface Written {
  write: (change: (target: IDBObjectStore) => void) => void;
  close: () => void;
}

class PageStore implements HubStore {
  readonly #records = new Map<number, string>();
  readonly #database: Written;
  #last = 0;
  readonly damaged: number = 0;

  constructor(kept: ReadonlyMap<number, unknown>, database: Written) {
    this.#database = database;
    for (const [number, record] of kept) {
      this.#last = Math.max(this.#last, number);
      if (typeof record === 'string') this.#records.set(number, record);
      else {
        this.damaged += 1;
        database.write((target) => target.delete(number));
      }
    }
  }

  append(record: string): number {
    this.#last += 1;
    const number = this.#last;
    this.#records.set(number, record);
    this.#database.write((target) => target.put(record, number));
    return number;
  }

  next(number: number): number {
    const [first = 0] = this.#records.keys();
    for (let key = Math.max(first, number + 1); key <= this.#last; key += 1)
      if (this.#records.has(key)) return key;
    return 0;
  }

  read(number: number): string | undefined {
    return this.#records.get(number);
  }

  drop(number: number): void {
    if (this.#records.delete(number)) this.#database.write((target) => target.delete(number));
  }

  close(): void {
    this.#database.close();
  }
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.addEventListener('upgradeneeded', () => {
      opening.result.createObjectStore(readings);
      opening.result.createObjectStore(values);
    });
    opening.addEventListener('success', () => resolve(opening.result));
    opening.addEventListener('error', () =>
      reject(new Error(`this page may keep nothing in the browser: ${textOf(opening.error)}`)),
    );
  });
}

function readAll<Key extends IDBValidKey, Value>(
  database: IDBDatabase,
  store: string,
): Promise<Map<Key, Value>> {
  return new Promise((resolve, reject) => {
    const found = new Map<Key, Value>();
    const transaction = database.transaction(store);
    const walk = transaction.objectStore(store).openCursor();
    walk.addEventListener('success', () => {
      const cursor = walk.result;
      if (cursor === null) return;
      found.set(cursor.key as Key, cursor.value as Value);
      cursor.continue();
    });
    transaction.addEventListener('complete', () => resolve(found));
    transaction.addEventListener('error', () => reject(new Error(textOf(transaction.error))));
  });
}

function written(
  database: IDBDatabase,
  store: string,
  change: (target: IDBObjectStore) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, 'readwrite', { durability: 'strict' });
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(new Error(textOf(transaction.error))));
    change(transaction.objectStore(store));
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
