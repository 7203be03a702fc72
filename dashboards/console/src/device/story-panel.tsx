import { useEffect } from 'preact/hooks';
import type { Cause } from '../../../../hub/presence/why.ts';
import type { StoryEntry } from '../../../../hub/presence/device-events.ts';
import { get } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Time } from '../components/time.tsx';
import { useLoad } from '../use-load.ts';
import type { DeviceDetails } from './device-details.ts';
import { chapterText } from './story-text.ts';

interface Why {
  cause: Cause;
  /** In plain words, with what to do about it. */
  text: string;
  /** Oldest first. */
  story: readonly StoryEntry[];
}

/** A device that is turned away changes its story, and not its state. */
const refreshMs = 10_000;

/** Why the device is not online, and what led to it. */
export function StoryPanel({ details }: { details: DeviceDetails }) {
  const { id, presence, sinceMs, epoch } = details;
  const load = useLoad((signal) => get<Why>(`/devices/${encodeURIComponent(id)}/why`, {}, signal), [id]);
  const { reload } = load;
  useEffect(() => reload(), [presence, sinceMs, epoch]);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), refreshMs);
    return () => clearInterval(timer);
  }, [id]);
  return (
    <Panel title={presence === 'online' ? 'Its story' : 'Why it is not online'} name="story">
      <Loaded load={load} what="its story">
        {({ text, story }) => (
          <>
            <p class="why">{text}</p>
            {story.length > 0 && (
              <ol class="chapters">
                {story.toReversed().map((entry) => (
                  <li key={`${entry.atMs} ${entry.kind}`}>
                    <span class="quiet">
                      <Time ms={entry.lastMs ?? entry.atMs} />
                    </span>
                    <span>
                      {chapterText(entry)}
                      {entry.times !== undefined && <span class="quiet"> {entry.times} times</span>}
                    </span>
                  </li>
                ))}
              </ol>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}
