import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import type { SeenFrame } from './played-device.ts';

const ways = {
  sent: texts.playground.toTheHub,
  received: texts.playground.fromTheHub,
  link: '× link',
} as const;

/** What passed between this page and the hub, the newest first. */
export function FrameTable({ frames }: { readonly frames: readonly SeenFrame[] }) {
  if (frames.length === 0) return <p class="quiet">{texts.playground.nothingYet}</p>;
  return (
    <Table
      label={texts.playground.frames}
      heads={[texts.common.time, texts.playground.way, texts.common.type, texts.playground.frame]}
      name="long-scroll"
      stacking
    >
      {frames.map(({ number, atMs, way, what, text, isFault }) => (
        <tr key={number}>
          <td>
            <Time ms={atMs} />
          </td>
          <td data-head={texts.playground.way}>{ways[way]}</td>
          <td data-head={texts.common.type}>{isFault ? <span class="badge tone-bad">{what}</span> : what}</td>
          <td class="long-text">
            <code>{text}</code>
          </td>
        </tr>
      ))}
    </Table>
  );
}
