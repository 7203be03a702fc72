/** The hub's own counters that the demo shows. */
export interface HubNumbers {
  online: number;
  frames: number;
  stored: number;
  commands: Readonly<Record<string, number>>;
}

/** Parses the samples of a Prometheus text page: `name{labels}` → value. */
export function parseMetrics(page: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of page.split('\n')) {
    const match = /^([a-z_:][\w:]*(?:\{[^}]*\})?) (\S+)/i.exec(line);
    if (match?.[1] !== undefined) samples.set(match[1], Number(match[2]));
  }
  return samples;
}

/** @throws when the admin listener does not answer within two seconds */
export async function readHubNumbers(adminUrl: string): Promise<HubNumbers> {
  const response = await fetch(new URL('/metrics', adminUrl), { signal: AbortSignal.timeout(2000) });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  const samples = parseMetrics(await response.text());
  const commands: Record<string, number> = {};
  for (const [name, value] of samples) {
    const status = /^hub_commands_total\{.*status="([^"]+)"/.exec(name)?.[1];
    if (status !== undefined) commands[status] = value;
  }
  return {
    online: samples.get('hub_devices_online') ?? 0,
    frames: samples.get('hub_frames_received_total') ?? 0,
    stored: samples.get('hub_points_stored_total') ?? 0,
    commands,
  };
}

/** Rates over about the last five seconds, from counters that are read repeatedly. */
export class Rates {
  readonly #read: { atMs: number; numbers: HubNumbers }[] = [];

  add(atMs: number, numbers: HubNumbers): void {
    this.#read.push({ atMs, numbers });
    while (this.#read.length > 2 && atMs - (this.#read[0]?.atMs ?? atMs) > 5000) this.#read.shift();
  }

  get latest(): HubNumbers | undefined {
    return this.#read.at(-1)?.numbers;
  }

  /** Increase per second. */
  perSec(counter: 'frames' | 'stored'): number {
    const [first, last] = [this.#read[0], this.#read.at(-1)];
    if (first === undefined || last === undefined || first === last) return 0;
    return ((last.numbers[counter] - first.numbers[counter]) * 1000) / (last.atMs - first.atMs);
  }
}
