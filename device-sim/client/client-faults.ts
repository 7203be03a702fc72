import type { CommandFaults } from '../device/command-faults.ts';
import type { Connection } from './connection.ts';

/** What the faults take hold of. */
interface Faulty {
  connection: () => Connection | undefined;
  /** Nothing is sent any more. */
  pause: () => void;
  /** The old connection is gone, and nothing holds the client back. */
  resumed: () => void;
  commands: (faults: CommandFaults) => void;
}

/** Deliberate faults, for tests and simulated devices; a real device does not have them. */
export class ClientFaults {
  readonly #client: Faulty;
  /** The device neither sends nor reads. */
  frozen = false;

  constructor(client: Faulty) {
    this.#client = client;
  }

  /** The application hangs, but the network stack still answers pings. Ends with `resume`. */
  hang(): void {
    this.#freeze();
    this.#client.connection()?.hang();
  }

  /** The network disappears without any notice. Ends with `resume`. */
  vanish(): void {
    this.#freeze();
    this.#client.connection()?.vanish();
  }

  /** Handles commands wrongly from now on. */
  commands(faults: CommandFaults): void {
    this.#client.commands(faults);
  }

  /** Destroys the socket without a close frame; the client reconnects. */
  cut(): void {
    this.#client.connection()?.destroy({ kind: 'closed', code: 1006, reason: 'cut' });
  }

  /** Sends a text frame that is not part of the protocol. */
  say(text: string): void {
    this.#client.connection()?.sendText(text);
  }

  /** Sends but does not read, until `readAgain` or the end of the connection. */
  stopReading(): void {
    this.#client.connection()?.stopReading();
  }

  readAgain(): void {
    this.#client.connection()?.readAgain();
  }

  /** Ends `hang` and `vanish`: drops the old connection and connects immediately. */
  resume(): void {
    if (!this.frozen) return;
    this.#client.connection()?.destroy({ kind: 'closed', code: 1006, reason: 'resumed' });
    this.frozen = false;
    this.#client.resumed();
  }

  #freeze(): void {
    this.frozen = true;
    this.#client.pause();
  }
}
