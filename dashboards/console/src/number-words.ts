const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** `1,234,567` */
export function countWords(count: number): string {
  return whole.format(count);
}

/** `1.2M` */
export function shortCount(count: number): string {
  return short.format(count);
}

/** `12.3` */
export function rateWords(perSec: number): string {
  return perSec >= 100 ? whole.format(perSec) : fine.format(perSec);
}

/** In binary units, as memory and files are given: `1.5 MiB`. */
export function sizeWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit++;
  }
  return `${fine.format(size)} ${units[unit]}`;
}

/** A share of 1 in per cent. */
export function shareWords(share: number): string {
  return `${fine.format(share * 100)} %`;
}
