import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, ask } from '../../api.ts';
import { useLive } from '../../use-live.ts';
import { useLoad, type Load } from '../../use-load.ts';
import type { FieldValue, Reading } from '../../../../../schemas/api/telemetry/readings.ts';
import { spanOf, type Range } from './ranges.ts';
import { Series } from './series.ts';

/** Buckets of one chart: more could not be distinguished. */
const points = 400;

export interface StreamQuery {
  device: string;
  stream: string;
  /** Numbers and booleans. */
  fields: readonly string[];
  range: Range;
  /** Where it ends, Unix ms as text; null: now, and on from there. */
  until: string | null;
}

export interface StreamSeries {
  state: Load<ReadonlyMap<string, Series>>;
  reload: () => void;
  /** Rises, at most once a frame, as readings come. */
  version: ReadonlySignal<number>;
}

/** The series of a stream's fields; where the range ends now, with every reading as it comes. */
export function useStream({ device, stream, fields, range, until }: StreamQuery): StreamSeries {
  const [version] = useState(() => signal(0));
  const { state, reload } = useLoad(
    async (aborted) => {
      const { fromMs, toMs, live } = spanOf(range, until, Date.now());
      // A reading may be dated a little ahead of this browser's clock.
      const times = { fromMs: Math.floor(fromMs), toMs: Math.floor(live ? toMs + 60_000 : toMs) };
      // The newest reading itself: a bucket has only its mean.
      const newest = live ? await newestOf(device, stream, aborted) : undefined;
      const answer = await ask('GET /api/v1/devices/{id}/series/{stream}', {
        params: { id: device, stream },
        query: { ...times, fields: fields.join(','), points },
        signal: aborted,
      });
      return new Map(
        fields.map((field) => {
          const series = new Series(answer, field);
          const value = numberOf(newest?.fields[field]);
          if (newest !== undefined && value !== undefined && newest.timeMs >= fromMs)
            series.newest(newest.timeMs, value);
          return [field, series];
        }),
      );
    },
    [device, stream, fields.join(','), range.key, until],
  );
  const [frame] = useState<{ asked?: number }>(() => ({}));
  useEffect(
    () => () => {
      if (frame.asked !== undefined) cancelAnimationFrame(frame.asked);
    },
    [],
  );
  useLive(`device:${device}`, {
    watching: () => {
      if (until === null) reload();
    },
    message(message) {
      if (message.t !== 'reading' || message.stream !== stream || until !== null) return;
      if (state.kind !== 'loaded') return;
      for (const [field, series] of state.value) {
        const value = numberOf(message.fields[field]);
        if (value !== undefined) series.add(message.timeMs, value);
      }
      frame.asked ??= requestAnimationFrame(() => {
        delete frame.asked;
        version.value += 1;
      });
    },
  });
  return { state, reload, version };
}

/** Undefined where there is none, or the store does not answer. */
async function newestOf(id: string, stream: string, aborted: AbortSignal): Promise<Reading | undefined> {
  try {
    return (await ask('GET /api/v1/devices/{id}/last', { params: { id }, signal: aborted })).streams[stream];
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function numberOf(value: FieldValue | undefined): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' ? value : undefined;
}
