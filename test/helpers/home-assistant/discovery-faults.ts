/**
 * What Home Assistant demands of a device that it discovers, as its MQTT integration, its sensors and its numbers say it
 * (`components/mqtt/schemas.py` and one file a platform, `components/sensor/const.py`, `components/number/const.py`). It refuses a
 * whole device for one fault, and says so in its own log alone.
 */

import type { Discovery } from '../../../hub/home-assistant/discovery.ts';

interface PlatformRules {
  required: readonly string[];
  optional: readonly string[];
}

const inOrOut = ['command_template', 'command_topic', 'retain', 'state_topic', 'value_template'];

const platforms: Readonly<Record<string, PlatformRules>> = {
  binary_sensor: {
    required: ['state_topic'],
    optional: [
      'device_class',
      'expire_after',
      'force_update',
      'off_delay',
      'payload_off',
      'payload_on',
      'value_template',
    ],
  },
  button: {
    required: ['command_topic'],
    optional: ['command_template', 'device_class', 'payload_press', 'retain'],
  },
  event: { required: ['state_topic', 'event_types'], optional: ['device_class', 'value_template'] },
  number: {
    required: ['command_topic'],
    optional: [
      ...inOrOut,
      'device_class',
      'max',
      'min',
      'mode',
      'optimistic',
      'payload_reset',
      'step',
      'unit_of_measurement',
    ],
  },
  select: { required: ['command_topic', 'options'], optional: [...inOrOut, 'optimistic'] },
  sensor: {
    required: ['state_topic'],
    optional: [
      'device_class',
      'expire_after',
      'force_update',
      'last_reset_value_template',
      'options',
      'state_class',
      'suggested_display_precision',
      'unit_of_measurement',
      'value_template',
    ],
  },
  switch: {
    required: ['command_topic'],
    optional: [
      ...inOrOut,
      'device_class',
      'optimistic',
      'payload_off',
      'payload_on',
      'state_off',
      'state_on',
    ],
  },
  text: { required: ['command_topic'], optional: [...inOrOut, 'max', 'min', 'mode', 'pattern'] },
  update: {
    required: [],
    optional: [
      'command_topic',
      'device_class',
      'display_precision',
      'latest_version_template',
      'latest_version_topic',
      'payload_install',
      'release_summary',
      'release_url',
      'retain',
      'state_topic',
      'title',
      'value_template',
    ],
  },
};

const common = [
  'availability',
  'availability_mode',
  'enabled_by_default',
  'entity_category',
  'entity_picture',
  'icon',
  'json_attributes_template',
  'json_attributes_topic',
  'name',
  'platform',
  'qos',
  'unique_id',
];

const pressures = ['Pa', 'hPa', 'kPa', 'mbar', 'cbar', 'bar', 'mmHg', 'inHg', 'psi'];
/** Device class of a sensor → its units, and its state classes. */
const sensorClasses: Readonly<Record<string, { units: readonly string[]; states: readonly string[] }>> = {
  apparent_power: { units: ['VA'], states: ['measurement'] },
  battery: { units: ['%'], states: ['measurement'] },
  carbon_dioxide: { units: ['ppm'], states: ['measurement'] },
  carbon_monoxide: { units: ['ppm'], states: ['measurement'] },
  conductivity: { units: ['S/cm', 'mS/cm', 'μS/cm'], states: ['measurement'] },
  current: { units: ['A', 'mA'], states: ['measurement'] },
  data_size: { units: ['B', 'kB', 'MB', 'GB'], states: ['measurement', 'total', 'total_increasing'] },
  distance: {
    units: ['mm', 'cm', 'm', 'km', 'in', 'ft', 'yd', 'mi'],
    states: ['measurement', 'total', 'total_increasing'],
  },
  duration: { units: ['d', 'h', 'min', 's', 'ms'], states: ['measurement', 'total', 'total_increasing'] },
  energy: { units: ['J', 'kJ', 'Wh', 'kWh', 'MWh'], states: ['total', 'total_increasing'] },
  enum: { units: [], states: [] },
  frequency: { units: ['Hz', 'kHz', 'MHz', 'GHz'], states: ['measurement'] },
  humidity: { units: ['%'], states: ['measurement'] },
  illuminance: { units: ['lx'], states: ['measurement'] },
  irradiance: { units: ['W/m²'], states: ['measurement'] },
  moisture: { units: ['%'], states: ['measurement'] },
  pm1: { units: ['μg/m³'], states: ['measurement'] },
  pm10: { units: ['μg/m³'], states: ['measurement'] },
  pm25: { units: ['μg/m³'], states: ['measurement'] },
  power: { units: ['W', 'kW', 'MW', 'GW', 'TW'], states: ['measurement'] },
  pressure: { units: pressures, states: ['measurement'] },
  signal_strength: { units: ['dB', 'dBm'], states: ['measurement'] },
  speed: { units: ['mm/s', 'm/s', 'km/h', 'mph', 'kn', 'ft/s'], states: ['measurement'] },
  temperature: { units: ['°C', '°F', 'K'], states: ['measurement'] },
  voltage: { units: ['mV', 'V', 'kV'], states: ['measurement'] },
  volume_flow_rate: { units: ['m³/h', 'L/min', 'L/h', 'L/s'], states: ['measurement'] },
  volume_storage: { units: ['L', 'mL', 'm³'], states: ['measurement'] },
  weight: {
    units: ['kg', 'g', 'mg', 'μg', 'lb', 'oz'],
    states: ['measurement', 'total', 'total_increasing'],
  },
};

const classesOf: Readonly<Record<string, readonly string[]>> = {
  binary_sensor: ['connectivity', 'problem', 'moisture', 'battery'],
  button: ['identify', 'restart', 'update'],
  update: ['firmware'],
};

const controls = new Set(['button', 'number', 'select', 'switch', 'text']);

/** One line for each thing that Home Assistant would refuse or leave out; none: it takes the device as it is. */
export function discoveryFaults(discovery: Discovery): string[] {
  const { device, origin, availability, components, ...rest } = discovery;
  const known = new Set(['availability_mode', 'state_topic', 'command_topic', 'qos', 'encoding']);
  const faults = Object.keys(rest)
    .filter((name) => !known.has(name))
    .map((name) => `${name} is no option of a device`);
  if (device.identifiers.some((each) => each === '')) faults.push('an identifier is empty');
  if (origin.name === '') faults.push('an origin needs a name');
  faults.push(...availabilityFaults('device', availability));
  const ids = Object.values(components).map(({ unique_id }) => unique_id);
  if (new Set(ids).size !== ids.length) faults.push('two entities have one unique_id');
  for (const [key, entity] of Object.entries(components))
    faults.push(...[...entityFaults(entity)].map((fault) => `${key}: ${fault}`));
  return faults;
}

function* entityFaults(entity: Record<string, unknown>): Generator<string> {
  const { platform } = entity;
  const rules = platforms[String(platform)];
  if (rules === undefined) {
    yield `${String(platform)} is no platform`;
    return;
  }
  for (const name of ['unique_id', ...rules.required])
    if (entity[name] === undefined) yield `${name} is missing`;
  for (const name of Object.keys(entity))
    if (![...common, ...rules.required, ...rules.optional].includes(name))
      yield `${name} is no option of a ${String(platform)}`;
  for (const [name, value] of Object.entries(entity))
    if (name.endsWith('topic') && (typeof value !== 'string' || /[#+\0]/.test(value)))
      yield `${name} is no topic`;
  yield* availabilityFaults('availability', entity['availability'] ?? []);
  yield* classFaults(String(platform), entity);
  if (platform === 'number' && Number(entity['min']) >= Number(entity['max'])) yield 'min is not below max';
  if (platform === 'number' && Number(entity['step']) < 0.001) yield 'step is below 0.001';
  if (
    platform === 'text' &&
    !(Number(entity['min']) <= Number(entity['max']) && Number(entity['max']) <= 255)
  )
    yield 'max is above 255';
  const category = entity['entity_category'];
  if (category === 'config' && !controls.has(String(platform)))
    yield 'what only shows something is never of category config';
}

function availabilityFaults(place: string, list: unknown): string[] {
  if (!Array.isArray(list)) return [`${place}: availability is no list`];
  return list
    .filter((each: object) =>
      Object.keys(each).some(
        (name) => !['topic', 'value_template', 'payload_available', 'payload_not_available'].includes(name),
      ),
    )
    .map(() => `${place}: an availability has an unknown option`);
}

function* classFaults(platform: string, entity: Record<string, unknown>): Generator<string> {
  const deviceClass = entity['device_class'] as string | undefined;
  const unit = entity['unit_of_measurement'] as string | undefined;
  const stateClass = entity['state_class'] as string | undefined;
  if (entity['options'] !== undefined && platform === 'sensor' && deviceClass !== 'enum')
    yield 'options are for the class enum';
  if (deviceClass === undefined) return;
  if (platform !== 'sensor' && platform !== 'number') {
    if (!(classesOf[platform] ?? []).includes(deviceClass))
      yield `${deviceClass} is no class of a ${platform}`;
    return;
  }
  const rules = sensorClasses[deviceClass];
  if (rules === undefined || (platform === 'number' && deviceClass === 'enum')) {
    yield `${deviceClass} is no class of a ${platform}`;
    return;
  }
  if (unit === undefined ? rules.units.length > 0 : !rules.units.includes(unit))
    yield `the unit ${unit} is none of ${deviceClass}`;
  if (stateClass !== undefined && !rules.states.includes(stateClass))
    yield `the state class ${stateClass} is none of ${deviceClass}`;
}
