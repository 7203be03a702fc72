import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { CommandView } from '../../../schemas/api/commands/commands.ts';
import type { CommandCall, CommandOutcome, Device } from '../../../sdk/typescript/src/node.ts';
import { callHub } from '../../../hub/cli/admin-client.ts';
import { waitFor } from '../wait-for.ts';
import { commandFaults, type Execution } from './command-verdict.ts';

export interface CommandReport {
  requested: number;
  /** PUBACKed by the embedded broker, or answered over HTTP: promised to be in the journal. */
  promised: number;
  journalled: number;
  executions: number;
  /** How many commands ended in each status. */
  statuses: Record<string, number>;
}

/** What was asked of devices, what was promised, and what they did: the truth that the hub's journal is held against. */
export class CommandRecord {
  readonly executions: Execution[] = [];
  /** How each command ended in the device's own record, by device/id. */
  readonly results = new Map<string, string>();
  readonly #requested = new Set<string>();
  readonly #promised = new Set<string>();

  /** Has `client` do these commands by `act`, and writes down what it did. */
  follow(
    client: Device,
    device: string,
    commands: readonly string[],
    act: (device: string, call: CommandCall) => CommandOutcome | Promise<CommandOutcome>,
  ): void {
    for (const name of commands) {
      client.onCommand(name, (call) => {
        const { id, deadline, params } = call;
        const hubTimeMs = client.time() ?? Number.NaN;
        this.executions.push({ device, id, hubTimeMs, deadlineMs: deadline, params });
        return act(device, call);
      });
    }
    client.on('result', ({ re, status }) => this.results.set(`${device}/${re}`, status));
  }

  requested(device: string, id: string): void {
    this.#requested.add(`${device}/${id}`);
  }

  /** The hub has confirmed that it has the command. */
  promised(device: string, id: string): void {
    this.#promised.add(`${device}/${id}`);
  }

  /** Requests a command over HTTP. If the hub is away, or dies before it answers, nothing was promised. */
  async post(dataDir: string, device: string, name: string, body: { id: string }): Promise<void> {
    try {
      await ask(dataDir, 'POST', `/devices/${device}/commands/${name}`, body);
      this.promised(device, body.id);
    } catch {
      // Nothing was promised.
    }
  }

  /**
   * Waits until no command is open, and holds the journal against what was promised and done.
   * @throws AssertionError when a promised command is missing, one was done twice or late, or a status is untrue
   */
  async compare(dataDir: string, settleMs: number): Promise<CommandReport> {
    let journal = new Map<string, CommandView>();
    const open = (): CommandView[] => [...journal.values()].filter(({ final }) => !final);
    const missing = (): string[] => [...this.#promised].filter((key) => !journal.has(key));
    // What the broker has confirmed may wait there for its hub.
    const settled = async (): Promise<boolean> => {
      journal = await journalOf(dataDir);
      return open().length === 0 && missing().length === 0;
    };
    await waitFor(settled, { what: 'the journal', timeoutMs: settleMs, everyMs: 500 }).catch(
      (error: unknown) => {
        if (journal.size === 0) throw error;
      },
    );
    const { executions, results } = this;
    const log = { requested: this.#requested, promised: this.#promised, executions, results, journal };
    assert.deepEqual(commandFaults(log), []);
    const statuses: Record<string, number> = {};
    for (const { status } of journal.values()) statuses[status] = (statuses[status] ?? 0) + 1;
    return {
      requested: this.#requested.size,
      promised: this.#promised.size,
      journalled: journal.size,
      executions: this.executions.length,
      statuses,
    };
  }
}

function ask(dataDir: string, method: string, path: string, body?: unknown): Promise<unknown> {
  return callHub(join(dataDir, 'hub.sock'), method, `/api/v1${path}`, body);
}

async function journalOf(dataDir: string): Promise<Map<string, CommandView>> {
  const all = new Map<string, CommandView>();
  for (let before = ''; ;) {
    const page = (await ask(dataDir, 'GET', `/commands?limit=1000${before}`)) as {
      commands: CommandView[];
      next?: number;
    };
    for (const view of page.commands) all.set(`${view.device}/${view.id}`, view);
    if (page.next === undefined) return all;
    before = `&before=${page.next}`;
  }
}
