import { isInScope } from '../../../../schemas/api/roles.ts';
import type { DeviceSummary } from '../../../../schemas/api/devices.ts';
import { ask } from '../api.ts';
import { everyPage } from '../components/export.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

const named = 6;

/** Which devices somebody with these rights sees, by the rule that the hub has. */
export function ScopePreview({ devices: scope }: { devices: string }) {
  const { state } = useLoad(loadAll, []);
  if (state.kind !== 'loaded') return null;
  const seen = state.value.filter((device) => isInScope(scope, device));
  const names = seen.slice(0, named).map(({ id }) => id);
  return (
    <p class="quiet" role="status">
      {texts.operators.sees(countWords(seen.length), texts.counts.devices(state.value.length))}
      {names.length > 0 && `: ${names.join(', ')}`}
      {seen.length > names.length && ' …'}
    </p>
  );
}

function loadAll(signal: AbortSignal): Promise<DeviceSummary[]> {
  return everyPage(async (after: string | undefined) => {
    const page = await ask('GET /api/v1/devices', { query: { after, limit: 10_000 }, signal });
    return { rows: page.devices, next: page.next };
  });
}
