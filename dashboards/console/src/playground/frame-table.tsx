import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import type { SeenFrame } from './played-device.ts';

const ways = { sent: '→ to the hub', received: '← from the hub', link: '× link' } as const;

/** What passed between this page and the hub, the newest first. */
export function FrameTable({ frames }: { readonly frames: readonly SeenFrame[] }) {
  if (frames.length === 0) return <p class="quiet">Nothing yet.</p>;
  return (
    <Table label="Frames" heads={['Time', 'Way', 'Type', 'Frame']} name="long-scroll" stacking>
      {frames.map(({ number, atMs, way, what, text, isFault }) => (
        <tr key={number}>
          <td>
            <Time ms={atMs} />
          </td>
          <td data-head="Way">{ways[way]}</td>
          <td data-head="Type">{isFault ? <span class="badge tone-bad">{what}</span> : what}</td>
          <td class="long-text">
            <code>{text}</code>
          </td>
        </tr>
      ))}
    </Table>
  );
}
