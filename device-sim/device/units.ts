/** Conversions between units, by UCUM code. The formula that is shown is the source of the function. */
const conversions = {
  'degF:Cel': { formula: '°C = (°F − 32) × 5 / 9', convert: (x: number) => ((x - 32) * 5) / 9 },
  'Cel:degF': { formula: '°F = °C × 9 / 5 + 32', convert: (x: number) => (x * 9) / 5 + 32 },
  'K:Cel': { formula: '°C = K − 273.15', convert: (x: number) => x - 273.15 },
  'mV:V': { formula: 'V = mV / 1000', convert: (x: number) => x / 1000 },
  '1:%': { formula: '% = share × 100', convert: (x: number) => x * 100 },
  'km/h:[mi_i]/h': { formula: 'mi/h = km/h / 1.609344', convert: (x: number) => x / 1.609344 },
  'm/s:[mi_i]/h': { formula: 'mi/h = m/s × 3600 / 1609.344', convert: (x: number) => (x * 3600) / 1609.344 },
  'kPa:bar': { formula: 'bar = kPa / 100', convert: (x: number) => x / 100 },
  'psi:bar': { formula: 'bar = psi × 0.0689475729', convert: (x: number) => x * 0.068_947_572_9 },
  'm3/h:L/min': { formula: 'L/min = m³/h × 1000 / 60', convert: (x: number) => (x * 1000) / 60 },
} as const satisfies Record<string, { formula: string; convert: (x: number) => number }>;

export interface Conversion {
  /** `degF:Cel` */
  name: string;
  formula: string;
  convert: (x: number) => number;
}

/** @returns undefined for a conversion that is not in the table */
export function conversionOf(name: string): Conversion | undefined {
  return isKnown(name) ? { name, ...conversions[name] } : undefined;
}

/** All conversions, for help texts: `degF:Cel  °C = (°F − 32) × 5 / 9`. */
export function conversionList(): string[] {
  return Object.entries(conversions).map(([name, { formula }]) => `${name.padEnd(15)}${formula}`);
}

function isKnown(name: string): name is keyof typeof conversions {
  return Object.hasOwn(conversions, name);
}
