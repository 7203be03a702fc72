import type { HubSnapshot } from '../../../../schemas/api/hub.ts';
import { texts } from '../texts/texts.ts';
import { layOut, ribbon, type Fate } from './ledger-flow.ts';
import { countWords } from '../number-words.ts';
import { narrow } from '../viewport.ts';

const height = 190;
const barWidth = 14;
/** Where the bars on the right stand; to their right is room for words, which a phone does not have. */
const rightX = 380;
const wideWidth = 640;

const fateWords: Readonly<Record<Fate, string>> = texts.hubState.fateWords;

/** What happened to every point that was received, and whether the ledger balances. */
export function LedgerPicture({ ledger }: { readonly ledger: HubSnapshot['ledger'] }) {
  const { came } = layOut(ledger, height);
  return (
    <figure class="ledger">
      <Flow ledger={ledger} withWords={!narrow.value} />
      {narrow.value && <Legend ledger={ledger} />}
      <figcaption>
        {ledger.carried === 0
          ? texts.hubState.pointsReceived(countWords(came))
          : texts.hubState.pointsReceivedAndOnDisk(countWords(came), countWords(ledger.carried))}{' '}
        {ledger.imbalance === 0 ? (
          <strong class="balanced">{texts.hubState.allPointsAreAccountedFor}</strong>
        ) : (
          <strong class="unbalanced">
            {texts.hubState.unaccountedFor(texts.counts.points(Math.abs(ledger.imbalance)))}
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
    <svg
      viewBox={`0 -8 ${width} ${bottom + 8}`}
      role="img"
      aria-label={texts.hubState.ofCameLabel(countWords(came), label)}
    >
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
          <tspan class="word"> {texts.hubState.received}</tspan>
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
