/** UCUM codes (c/s, https://ucum.org) that differ from the usual symbol. All others are shown as they are. */
const symbols: Readonly<Record<string, string>> = {
  Cel: '°C',
  '[degF]': '°F',
  deg: '°',
  Ohm: 'Ω',
  um: 'µm',
  us: 'µs',
  'm/s2': 'm/s²',
  m2: 'm²',
  m3: 'm³',
  'm3/h': 'm³/h',
  'ug/m3': 'µg/m³',
  '[mi_i]': 'mi',
  '[mi_i]/h': 'mph',
  '[ft_i]': 'ft',
  '[gal_us]/min': 'gal/min',
  '[psi]': 'psi',
  '[ppm]': 'ppm',
  'kW.h': 'kWh',
  'W.h': 'Wh',
  'A.h': 'Ah',
};

/** The usual symbol of a unit, from its UCUM code. */
export function unitSymbol(code: string): string {
  return Object.hasOwn(symbols, code) ? (symbols[code] ?? code) : code;
}
