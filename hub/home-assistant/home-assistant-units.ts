/**
 * Units and device classes of Home Assistant. Each `device_class` accepts only some units and only some state classes (Home
 * Assistant's sensor constants, `DEVICE_CLASS_UNITS` and `DEVICE_CLASS_STATE_CLASSES`).
 */

/** UCUM code → Home Assistant's unit, and the device class where the unit alone decides it. */
const units: Readonly<Record<string, readonly [unit: string, deviceClass?: string]>> = {
  Cel: ['°C', 'temperature'],
  '[degF]': ['°F', 'temperature'],
  // No class: Home Assistant would take a difference, such as a correction, for an absolute temperature.
  K: ['K'],
  '%': ['%'],
  '[ppm]': ['ppm'],
  '[ppb]': ['ppb'],
  'ug/m3': ['μg/m³'],
  'mg/m3': ['mg/m³'],
  dB: ['dB', 'signal_strength'],
  dBm: ['dBm', 'signal_strength'],
  V: ['V', 'voltage'],
  mV: ['mV', 'voltage'],
  A: ['A', 'current'],
  mA: ['mA', 'current'],
  W: ['W', 'power'],
  kW: ['kW', 'power'],
  MW: ['MW', 'power'],
  'W.h': ['Wh', 'energy'],
  'kW.h': ['kWh', 'energy'],
  'V.A': ['VA', 'apparent_power'],
  Hz: ['Hz', 'frequency'],
  Pa: ['Pa', 'pressure'],
  hPa: ['hPa', 'pressure'],
  kPa: ['kPa', 'pressure'],
  mbar: ['mbar', 'pressure'],
  bar: ['bar', 'pressure'],
  '[psi]': ['psi', 'pressure'],
  'L/min': ['L/min', 'volume_flow_rate'],
  'l/min': ['L/min', 'volume_flow_rate'],
  'm3/h': ['m³/h', 'volume_flow_rate'],
  L: ['L', 'volume_storage'],
  l: ['L', 'volume_storage'],
  m3: ['m³', 'volume_storage'],
  mm: ['mm', 'distance'],
  cm: ['cm', 'distance'],
  m: ['m', 'distance'],
  km: ['km', 'distance'],
  g: ['g', 'weight'],
  kg: ['kg', 'weight'],
  'm/s': ['m/s', 'speed'],
  'km/h': ['km/h', 'speed'],
  '[mi_i]/h': ['mph', 'speed'],
  lx: ['lx', 'illuminance'],
  'W/m2': ['W/m²', 'irradiance'],
  'uS/cm': ['μS/cm', 'conductivity'],
  deg: ['°'],
  ms: ['ms', 'duration'],
  s: ['s', 'duration'],
  min: ['min', 'duration'],
  h: ['h', 'duration'],
  d: ['d', 'duration'],
  By: ['B', 'data_size'],
};

/** Units of several classes: the name of the field decides. */
const byName: readonly (readonly [unit: string, name: RegExp, deviceClass: string])[] = [
  ['%', /humidity/i, 'humidity'],
  ['%', /moisture/i, 'moisture'],
  ['%', /battery/i, 'battery'],
  ['ppm', /co2|carbon.?dioxide/i, 'carbon_dioxide'],
  ['ppm', /^co$|carbon.?monoxide/i, 'carbon_monoxide'],
  ['μg/m³', /pm2_?5/i, 'pm25'],
  ['μg/m³', /pm10/i, 'pm10'],
  ['μg/m³', /pm1$/i, 'pm1'],
];

/** Classes of totals, which only grow until the meter is replaced. Home Assistant refuses them as a measurement. */
const totals: ReadonlySet<string> = new Set(['energy']);

export interface Quantity {
  unit: string;
  /** Undefined: Home Assistant has no class for it. */
  deviceClass?: string | undefined;
  stateClass: 'measurement' | 'total_increasing';
}

/** @param unit a UCUM code; it stays as it is when Home Assistant does not know it @param name of the field */
export function quantityOf(unit: string, name: string): Quantity {
  const [shown, ofUnit] = Object.hasOwn(units, unit) ? (units[unit] ?? [unit]) : [unit];
  const deviceClass = ofUnit ?? byName.find(([each, pattern]) => each === shown && pattern.test(name))?.[2];
  const isTotal = deviceClass !== undefined && totals.has(deviceClass);
  return { unit: shown, deviceClass, stateClass: isTotal ? 'total_increasing' : 'measurement' };
}
