const plain = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });

/** A measured value with as many digits as mean something. Pure. */
export function numberText(value: number): string {
  return Math.abs(value) >= 100_000 ? short.format(value) : plain.format(value);
}
