import { useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { StateShape } from '../components/state-badge.tsx';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useLive } from '../use-live.ts';

/** Which of the new devices have connected, live. */
export function Connecting({ ids }: { ids: readonly string[] }) {
  const [here, setHere] = useState<ReadonlySet<string>>(new Set());
  const add = (more: readonly string[]): void => {
    const mine = more.filter((id) => ids.includes(id));
    if (mine.length > 0) setHere((now) => new Set([...now, ...mine]));
  };
  useLive('fleet', {
    message(message) {
      if (message.t === 'fleet')
        add(message.devices.filter(([, presence]) => presence === 'online').map(([id]) => id));
    },
    // What connected before this page watched.
    watching: () =>
      void ask('GET /api/v1/devices', { query: { state: 'online', limit: 10_000 } }).then(({ devices }) =>
        add(devices.map(({ id }) => id)),
      ),
  });
  const [only = ''] = ids;
  const all = here.size === ids.length;
  return (
    <p class={`connecting ${all ? 'presence-online' : 'presence-never-seen'}`} role="status">
      <StateShape state={all ? 'online' : 'never-seen'} />{' '}
      {ids.length === 1
        ? (all ? texts.registration.isConnected : texts.registration.hasNotConnectedYet)(only)
        : texts.registration.haveConnected(countWords(here.size), countWords(ids.length))}
    </p>
  );
}
