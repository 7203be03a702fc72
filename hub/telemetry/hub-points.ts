import type { FrameOwner } from './batch.ts';
import { ownAccount, type Books } from './ledger.ts';
import type { Writer } from './writer.ts';

/** Brings the points that the hub makes itself on the road to the store: owed to no device, but in the books. */
export class OwnPoints {
  readonly #writer: Writer;
  readonly #books: Books;
  readonly #nobody: FrameOwner;

  constructor(deps: { writer: Writer; books: Books }) {
    this.#writer = deps.writer;
    this.#books = deps.books;
    this.#nobody = { account: deps.books.account(ownAccount), stored() {}, refusedByStore() {} };
  }

  /** @param line one point in line protocol; counted as dropped (`buffer-full`) when the buffer has no room */
  write(line: string): void {
    const { account } = this.#nobody;
    this.#books.received(account, 1);
    if (!this.#writer.addReading(this.#nobody, 0, line)) this.#books.dropped(account, 'buffer-full', 1);
  }
}
