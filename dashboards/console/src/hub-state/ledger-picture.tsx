import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { layOut, ribbon, type Fate } from './ledger-flow.ts';
import { countOf, countWords } from '../number-words.ts';
import { narrow } from '../viewport.ts';

const height = 190;
const barWidth = 14;
/** Where the bars on the right stand; to their right is room for words, which a phone does not have. */
const rightX = 380;
const wideWidth = 640;

const fateWords: Readonly<Record<Fate, string>> = {
  stored: 'stored',
  inFlight: 'being written',
  spooled: 'spooled to disk',
  deadLettered: 'dead letters',
  rejected: 'rejected (device notified)',
  dropped: 'dropped',
};

/** What happened to every point that was received, and whether the ledger balances. */
export function LedgerPicture({ ledger }: { readonly ledger: HubSnapshot['ledger'] }) {
  const { came } = layOut(ledger, height);
  return (
    <figure class="ledger">
      <Flow ledger={ledger} withWords={!narrow.value} />
      {narrow.value && <Legend ledger={ledger} />}
      <figcaption>
        {countWords(came)} points received
        {ledger.carried > 0 &&
          `, of which ${countWords(ledger.carried)} were on disk when the hub started`}.{' '}
        {ledger.imbalance === 0 ? (
          <strong class="balanced">All points are accounted for.</strong>
        ) : (
          <strong class="unbalanced">
            {countOf(Math.abs(ledger.imbalance), 'point')} unaccounted for. This is a bug in the hub; please
            report it.
          </strong>
        )}
      </figcaption>
    </figure>
  );
}

function Flow({
  ledger,
  withWords,
}: {
  readonly ledger: HubSnapshot['ledger'];
  readonly withWords: boolean;
}) {
  const { came, bands, barHeight } = layOut(ledger, height);
  const last = bands.at(-1);
  const bottom = Math.max(barHeight, (last?.toY ?? 0) + Math.max(last?.height ?? 0, 3)) + 12;
  const width = withWords ? wideWidth : rightX + barWidth;
  const label = bands.map(({ fate, points }) => `${countWords(points)} ${fateWords[fate]}`).join(', ');
  return (
    <svg viewBox={`0 -8 ${width} ${bottom + 8}`} role="img" aria-label={`Of ${countWords(came)}: ${label}`}>
      <rect class="came" x={0} y={0} width={barWidth} height={Math.max(3, barHeight)} rx={2} />
      {bands.map((band) => (
        <g key={band.fate} class={band.fate}>
          {band.height > 0 && <path class="ribbon" d={ribbon(band, barWidth, rightX)} />}
          <rect x={rightX} y={band.toY} width={barWidth} height={Math.max(3, band.height)} rx={2} />
          {withWords && (
            <text x={rightX + barWidth + 10} y={band.toY + Math.max(3, band.height) / 2 + 5}>
              <tspan class="count">{countWords(band.points)}</tspan>
              <tspan class="word"> {fateWords[band.fate]}</tspan>
            </text>
          )}
        </g>
      ))}
      {withWords && (
        <text x={barWidth + 10} y={20}>
          <tspan class="count">{countWords(came)}</tspan>
          <tspan class="word"> received</tspan>
        </text>
      )}
    </svg>
  );
}

function Legend({ ledger }: { readonly ledger: HubSnapshot['ledger'] }) {
  return (
    <ul class="ledger-legend">
      {layOut(ledger, height).bands.map(({ fate, points }) => (
        <li key={fate} class={fate}>
          <span class="key" aria-hidden="true" />
          {countWords(points)} <span class="quiet">{fateWords[fate]}</span>
        </li>
      ))}
    </ul>
  );
}
