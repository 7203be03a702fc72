import { useMemo } from 'preact/hooks';
import { ask } from '../api.ts';
import { useRepeatedLoad } from '../use-load.ts';
import type { Newest } from './search.ts';

/** How often values are asked for while they are looked at, ms. */
const refreshMs = 5_000;

export interface NewestInView {
  /** By device. */
  readonly values: ReadonlyMap<string, Newest>;
  /** Every field that there is. */
  readonly fields: readonly string[];
}

const nothing: NewestInView = { values: new Map(), fields: [] };

/** The newest values of these fields, over all devices. @param fields none: only which fields there are, once */
export function useNewest(fields: readonly string[]): NewestInView {
  const names = fields.join(',');
  const { state } = useRepeatedLoad(
    (signal) => ask('GET /api/v1/newest-values', { query: { fields: names }, signal }),
    [names],
    () => (names === '' ? undefined : refreshMs),
  );
  return useMemo(
    () =>
      state.kind === 'loaded'
        ? { values: new Map(Object.entries(state.value.devices)), fields: state.value.fields }
        : nothing,
    [state],
  );
}
