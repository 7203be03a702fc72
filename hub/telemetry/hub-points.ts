import type { FrameOwner } from './batch.ts';
import { hubAccount, type Ledger } from './ledger.ts';
import type { Writer } from './writer.ts';

/** Writes the points that the hub makes itself. No device waits for them, but the ledger counts them. */
export class HubPoints {
  readonly #writer: Writer;
  readonly #ledger: Ledger;
  readonly #nobody: FrameOwner;

  constructor(deps: { writer: Writer; ledger: Ledger }) {
    this.#writer = deps.writer;
    this.#ledger = deps.ledger;
    this.#nobody = { account: deps.ledger.account(hubAccount), stored() {}, refusedByStore() {} };
  }

  /** @param line one point in line protocol; counted as dropped (`buffer-full`) when the buffer has no room */
  write(line: string): void {
    const { account } = this.#nobody;
    this.#ledger.received(account, 1);
    if (!this.#writer.addReading(this.#nobody, 0, line)) this.#ledger.dropped(account, 'buffer-full', 1);
  }
}
