import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api.ts';
import { useLive } from '../use-live.ts';
import { useLoad, type Load } from '../use-load.ts';
import type { FieldValue } from './device-details.ts';
import type { Span } from './ranges.ts';
import { Series, type SeriesAnswer } from './series.ts';

/** Buckets of one chart: more than these cannot be told apart. */
const points = 400;

export interface StreamQuery {
  device: string;
  stream: string;
  /** Numbers and booleans. */
  fields: readonly string[];
  /** What is loaded first; a live one then grows at its end. */
  span: Span;
  /** Another text: another span. */
  spanKey: string;
}

export interface StreamSeries {
  state: Load<ReadonlyMap<string, Series>>;
  reload: () => void;
  /** Rises, at most once a frame, as readings come. */
  version: ReadonlySignal<number>;
}

/** The series of a stream's fields; where the span is live, with every reading as it comes. */
export function useStream({ device, stream, fields, span, spanKey }: StreamQuery): StreamSeries {
  const [version] = useState(() => signal(0));
  const { state, reload } = useLoad(
    async (aborted) => {
      const path = `/devices/${encodeURIComponent(device)}/series/${encodeURIComponent(stream)}`;
      const { fromMs, toMs, live } = span;
      // A reading may be dated a little ahead of this browser's clock.
      const range = { fromMs: Math.floor(fromMs), toMs: Math.floor(live ? toMs + 60_000 : toMs) };
      const answer = await get<SeriesAnswer>(path, { ...range, fields: fields.join(','), points }, aborted);
      return new Map(fields.map((field) => [field, new Series(answer, field)]));
    },
    [device, stream, fields.join(','), spanKey],
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
      if (span.live) reload();
    },
    message(message) {
      if (message.t !== 'reading' || message.stream !== stream || !span.live) return;
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

function numberOf(value: FieldValue | undefined): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' ? value : undefined;
}
