import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { ask } from '../api.ts';
import type { LiveMessage } from '../../../../schemas/api/live.ts';
import { liveState } from '../live.ts';
import { useLive } from '../use-live.ts';
import type { DevicePage } from '../../../../schemas/api/devices.ts';
import { Fleet } from './fleet.ts';

/** What is seen first, before the live feed is there. */
const glancePage = 60;
/** Larger pages would make frames wait while they are read. */
const pageSize = 5_000;
/** Without a live feed by then, the list is shown all the same. */
const patienceMs = 1_500;

export type FleetLoad = { kind: 'loading' } | { kind: 'failed'; error: unknown } | { kind: 'loaded' };

/** The fleet of one page view, kept up to date by the live feed. */
class LiveFleet {
  readonly fleet = new Fleet();
  readonly load = signal<FleetLoad>({ kind: 'loading' });
  /** Rises, at most once a frame, when rows changed. */
  readonly version = signal(0);
  #frame: number | undefined;
  readonly #glance = new AbortController();
  #running: AbortController | undefined;

  /** Shows the first devices until the list is loaded. That fails too, and says so, when this does. */
  async glance(): Promise<void> {
    const query = { limit: glancePage };
    const page = await ask('GET /api/v1/devices', { query, signal: this.#glance.signal }).catch(
      () => undefined,
    );
    if (page === undefined || this.fleet.size > 0 || this.load.value.kind !== 'loading') return;
    this.fleet.addPage(page.devices);
    this.#changed();
  }

  async reload(): Promise<void> {
    this.#running?.abort();
    const own = new AbortController();
    this.#running = own;
    this.fleet.beginLoad();
    try {
      let after: string | undefined;
      do {
        const query = { after, limit: pageSize };
        const page: DevicePage = await ask('GET /api/v1/devices', { query, signal: own.signal });
        this.fleet.addPage(page.devices);
        this.#changed();
        after = page.next ?? undefined;
      } while (after !== undefined);
      this.fleet.endLoad();
      this.load.value = { kind: 'loaded' };
      this.#changed();
    } catch (error) {
      if (!own.signal.aborted) this.load.value = { kind: 'failed', error };
    }
  }

  take(message: LiveMessage): void {
    if (message.t !== 'fleet') return;
    this.fleet.apply(message);
    this.#changed();
  }

  close(): void {
    this.#glance.abort();
    this.#running?.abort();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  #changed(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.version.value += 1;
    });
  }
}

export interface FleetInView {
  fleet: Fleet;
  load: ReadonlySignal<FleetLoad>;
  version: ReadonlySignal<number>;
  reload: () => void;
}

/** Loads the fleet, and again after each reconnect, and applies the changes of the live feed. */
export function useFleet(): FleetInView {
  const [live] = useState(() => new LiveFleet());
  useLive('fleet', {
    message: (message) => live.take(message),
    watching: () => void live.reload(),
  });
  // Before the first paint, and so before most of what else the page asks for.
  useLayoutEffect(() => void live.glance(), [live]);
  useEffect(() => {
    const unwatched = setTimeout(() => {
      if (liveState.value !== 'open') void live.reload();
    }, patienceMs);
    return () => {
      clearTimeout(unwatched);
      live.close();
    };
  }, [live]);
  return { ...pick(live), reload: () => void live.reload() };
}

function pick({ fleet, load, version }: LiveFleet): Omit<FleetInView, 'reload'> {
  return { fleet, load, version };
}
