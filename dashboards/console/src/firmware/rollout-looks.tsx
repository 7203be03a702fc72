import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { countOf, countWords, shareWords } from '../number-words.ts';
import type { RolloutLook } from '../../../../schemas/api/firmware/rollouts.ts';
import { troubleWords } from './update-words.ts';

/** Whether the updated devices do worse than those that are not updated yet, as found after each wave. */
export function RolloutLooks({ looks }: { looks: readonly RolloutLook[] }) {
  const last = looks.at(-1);
  return (
    <section aria-label="Do the updated devices do worse?" class="rollout-looks">
      <h3>Do the updated devices do worse?</h3>
      <Table
        label="Comparisons after each wave"
        heads={['After', 'Updated, not well', 'Not updated, not well', 'By chance', 'Verdict']}
        stacking
      >
        {looks.map((look) => (
          <LookRow key={look.wave} look={look} />
        ))}
      </Table>
      <p class="quiet">
        After each wave the hub compares the updated devices with those that are not updated yet (Fisher's
        exact test). It stops when a difference like this comes by chance less often than the limit.
      </p>
      {last !== undefined && last.devices.length > 0 && <Troubled look={last} />}
    </section>
  );
}

function LookRow({ look }: { look: RolloutLook }) {
  const { wave, atMs, updated, updatedTroubled, control, controlTroubled, p, level, stops } = look;
  return (
    <tr>
      <td data-head="After">
        wave {wave}, <Time ms={atMs} />
      </td>
      <td data-head="Updated, not well">
        <Share part={updatedTroubled} of={updated} tone="bad" />
      </td>
      <td data-head="Not updated, not well">
        <Share part={controlTroubled} of={control} tone="none" />
      </td>
      <td data-head="By chance">
        p = {shortNumber(p)} <span class="quiet">(limit {shortNumber(level)})</span>
      </td>
      <td data-head="Verdict">{stops ? <strong>worse: stopped</strong> : 'no difference that stops it'}</td>
    </tr>
  );
}

function Share({ part, of, tone }: { part: number; of: number; tone: 'bad' | 'none' }) {
  const share = of === 0 ? 0 : part / of;
  return (
    <>
      {countWords(part)} of {countWords(of)} <span class="quiet">{of > 0 && shareWords(share)}</span>
      <svg class={`share-bar tone-${tone}`} aria-hidden="true">
        <rect width={`${share * 100}%`} height="100%" />
      </svg>
    </>
  );
}

function Troubled({ look: { devices, wave, updatedTroubled } }: { look: RolloutLook }) {
  return (
    <details open>
      <summary>
        {countOf(updatedTroubled, 'updated device')} of wave {wave} not well
      </summary>
      <ul class="troubled">
        {devices.map(({ device, kinds }) => (
          <li key={device}>
            <a href={`/devices/${encodeURIComponent(device)}`}>{device}</a>{' '}
            <span class="quiet">{kinds.map((kind) => troubleWords[kind]).join(', ')}</span>
          </li>
        ))}
      </ul>
      {updatedTroubled > devices.length && (
        <p class="quiet">and {countWords(updatedTroubled - devices.length)} more</p>
      )}
    </details>
  );
}

/** Three digits that count. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}
