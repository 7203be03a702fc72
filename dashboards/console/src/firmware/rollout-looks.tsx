import { Table } from '../components/table.tsx';
import { Time } from '../components/time.tsx';
import { countWords, shareWords } from '../number-words.ts';
import type { RolloutLook } from '../../../../schemas/api/firmware/rollouts.ts';
import { texts } from '../texts/texts.ts';
import { troubleWords } from './update-words.ts';

/** Whether the updated devices do worse than those that are not updated yet, as found after each wave. */
export function RolloutLooks({ looks }: { looks: readonly RolloutLook[] }) {
  const last = looks.at(-1);
  return (
    <section aria-label={texts.firmware.doUpdatedDevicesDoWorse} class="rollout-looks">
      <h3>{texts.firmware.doUpdatedDevicesDoWorse}</h3>
      <Table
        label={texts.firmware.comparisonsAfterEachWave}
        heads={[
          texts.firmware.after,
          texts.firmware.updatedNotWell,
          texts.firmware.notUpdatedNotWell,
          texts.firmware.byChance,
          texts.firmware.verdict,
        ]}
        stacking
      >
        {looks.map((look) => (
          <LookRow key={look.wave} look={look} />
        ))}
      </Table>
      <p class="quiet">{texts.firmware.afterEachWaveTheHub}</p>
      {last !== undefined && last.devices.length > 0 && <Troubled look={last} />}
    </section>
  );
}

function LookRow({ look }: { look: RolloutLook }) {
  const { wave, atMs, updated, updatedTroubled, control, controlTroubled, p, level, stops } = look;
  return (
    <tr>
      <td data-head={texts.firmware.after}>{texts.firmware.waveAt(wave, <Time ms={atMs} />)}</td>
      <td data-head={texts.firmware.updatedNotWell}>
        <Share part={updatedTroubled} of={updated} tone="bad" />
      </td>
      <td data-head={texts.firmware.notUpdatedNotWell}>
        <Share part={controlTroubled} of={control} tone="none" />
      </td>
      <td data-head={texts.firmware.byChance}>
        {texts.firmware.pP(shortNumber(p))}{' '}
        <span class="quiet">{texts.firmware.limitLevel(shortNumber(level))}</span>
      </td>
      <td data-head={texts.firmware.verdict}>
        {stops ? <strong>{texts.firmware.worseStopped}</strong> : texts.firmware.noDifferenceThatStopsIt}
      </td>
    </tr>
  );
}

function Share({ part, of, tone }: { part: number; of: number; tone: 'bad' | 'none' }) {
  const share = of === 0 ? 0 : part / of;
  return (
    <>
      {texts.common.partOf(countWords(part), countWords(of))}{' '}
      <span class="quiet">{of > 0 && shareWords(share)}</span>
      <svg class={`share-bar tone-${tone}`} aria-hidden="true">
        <rect width={`${share * 100}%`} height="100%" />
      </svg>
    </>
  );
}

function Troubled({ look: { devices, wave, updatedTroubled } }: { look: RolloutLook }) {
  return (
    <details open>
      <summary>{texts.firmware.ofWaveNotWell(texts.counts.updatedDevices(updatedTroubled), wave)}</summary>
      <ul class="troubled">
        {devices.map(({ device, kinds }) => (
          <li key={device}>
            <a href={`/devices/${encodeURIComponent(device)}`}>{device}</a>{' '}
            <span class="quiet">{kinds.map((kind) => troubleWords[kind]).join(', ')}</span>
          </li>
        ))}
      </ul>
      {updatedTroubled > devices.length && (
        <p class="quiet">{texts.common.andMore(countWords(updatedTroubled - devices.length))}</p>
      )}
    </details>
  );
}

/** Three digits that count. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}
