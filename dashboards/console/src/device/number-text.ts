const plain = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });

/** How many decimals readings have, so that what is computed from them claims no more; at most 5. Pure. */
export function decimalsOf(readings: Iterable<number>): number {
  let most = 0;
  for (const reading of readings) {
    const text = String(reading);
    const decimals = text.includes('e') ? 5 : (text.split('.')[1]?.length ?? 0);
    most = Math.min(5, Math.max(most, decimals));
  }
  return most;
}

/** A measured value with as many digits as mean something. Pure. */
export function numberText(value: number): string {
  return Math.abs(value) >= 100_000 ? short.format(value) : plain.format(value);
}
