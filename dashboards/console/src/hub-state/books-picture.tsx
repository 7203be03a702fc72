import { layOut, ribbon, type BooksView, type Fate } from './books-flow.ts';
import { countWords } from '../number-words.ts';

const height = 190;
const width = 640;
const barWidth = 14;
const rightX = 380;

const fateWords: Readonly<Record<Fate, string>> = {
  stored: 'stored',
  inFlight: 'on the way to the store',
  spooled: 'waiting on disk',
  deadLettered: 'dead letters',
  rejected: 'refused, and the device told',
  dropped: 'dropped',
};

/** Where every point is that ever came in, and whether the account balances. */
export function BooksPicture({ books }: { readonly books: BooksView }) {
  const { came, bands, barHeight } = layOut(books, height);
  const last = bands.at(-1);
  const bottom = Math.max(barHeight, (last?.toY ?? 0) + Math.max(last?.height ?? 0, 3)) + 12;
  const balanced = books.imbalance === 0;
  return (
    <figure class="books">
      <svg viewBox={`0 -8 ${width} ${bottom + 8}`} role="img" aria-labelledby="books-caption">
        <rect class="came" x={0} y={0} width={barWidth} height={Math.max(3, barHeight)} rx={2} />
        <text x={barWidth + 10} y={16} class="count">
          {countWords(came)}
        </text>
        <text x={barWidth + 10} y={34} class="word">
          came in
        </text>
        {bands.map((band) => (
          <g key={band.fate} class={`fate ${band.fate}`}>
            {band.height === 0 ? null : <path class="ribbon" d={ribbon(band, barWidth, rightX)} />}
            <rect x={rightX} y={band.toY} width={barWidth} height={Math.max(3, band.height)} rx={2} />
            <text x={rightX + barWidth + 10} y={band.toY + Math.max(3, band.height) / 2 + 5}>
              <tspan class="count">{countWords(band.points)}</tspan>
              <tspan class="word"> {fateWords[band.fate]}</tspan>
            </text>
          </g>
        ))}
      </svg>
      <figcaption id="books-caption">
        {countWords(came)} points came in
        {books.carried === 0
          ? ''
          : ` (${countWords(books.carried)} of them were on disk when the hub started)`}
        .{' '}
        {balanced ? (
          <strong class="balanced">Every one of them is accounted for.</strong>
        ) : (
          <strong class="unbalanced">
            {countWords(Math.abs(books.imbalance))} are not accounted for: a fault of the hub. Please report
            it.
          </strong>
        )}
      </figcaption>
    </figure>
  );
}
