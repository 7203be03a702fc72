import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { discoveryOf, isDiscoveryOf, type Discovery } from '../../../hub/home-assistant/discovery.ts';
import type { DeviceType } from '../../../schemas/device-type.ts';
import type { DeviceTypeDefinition, ValueDefinition } from '../../../schemas/device-type-definition.ts';
import { compileDeviceType } from '../../../schemas/device-type-compiler.ts';
import { shippedTypes } from '../../helpers/grafana/grafana-history.ts';
import { discoveryFaults } from '../../helpers/home-assistant/discovery-faults.ts';
import { renderAll } from '../../helpers/home-assistant/jinja.ts';

const topics = topicsOf('acme/hub');
const options = {
  topics,
  prefix: 'homeassistant',
  hubId: 'h-1',
  version: '1.2.3',
  commands: new Set<string>(),
};

function shipped(name: string): DeviceType {
  const type = shippedTypes.find((each) => each.name === name);
  assert.ok(type);
  return type;
}

const discover = (type: DeviceType, more: Partial<typeof options> = {}): Discovery =>
  discoveryOf(type, { id: 'd-1', site: 'default' }, { ...options, ...more });

const settings: Record<string, ValueDefinition> = {
  eco: { type: 'boolean' },
  silent: { type: 'boolean' },
  label: { type: 'string', maxLength: 400 },
  ratio: { type: 'number' },
  fixed: { type: 'number', minimum: 3, maximum: 3 },
  limits: {
    type: 'object',
    title: 'Limits',
    properties: { upper: { type: 'integer', title: 'Upper', minimum: 0, maximum: 9 } },
    additionalProperties: false,
  },
  list: { type: 'array', items: { type: 'string', maxLength: 4 }, maxItems: 3 },
};

/** One of everything that a device type can say. */
const definition: DeviceTypeDefinition = {
  name: 'everything',
  version: 1,
  streams: {
    all: {
      type: 'object',
      properties: {
        open: { type: 'boolean', title: 'Door open', nullable: true },
        mode: { type: 'string', enum: ['auto', 'manual'] },
        note: { type: 'string', maxLength: 32 },
        energy: { type: 'number', unit: 'kW.h' },
        co2: { type: 'integer', unit: '[ppm]' },
        odd: { type: 'number', unit: '[furlong]/wk' },
        bare: { type: 'integer' },
        humidity: { type: 'number', unit: '%', 'x-step': 0.25 },
      },
      required: ['bare'],
      additionalProperties: false,
    },
  },
  events: { alarm: { type: 'object', properties: {}, additionalProperties: false } },
  commands: {
    light: {
      safety: 'config',
      params: {
        type: 'object',
        properties: { on: { type: 'boolean' } },
        required: ['on'],
        additionalProperties: false,
      },
    },
    pick: {
      safety: 'config',
      params: {
        type: 'object',
        properties: {
          speed: { type: 'string', enum: ['slow', 'fast'] },
          note: { type: 'string', maxLength: 9 },
        },
        required: ['speed'],
        additionalProperties: false,
      },
    },
    both: {
      safety: 'config',
      params: {
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' } },
        required: ['a', 'b'],
        additionalProperties: false,
      },
    },
    shut: { safety: 'actuate' },
  },
  twin: {
    desired: {
      type: 'object',
      properties: { ...settings, eco: { type: 'boolean', default: true } },
      additionalProperties: false,
    },
    reported: { type: 'object', properties: settings, additionalProperties: false },
  },
  firmware: { updates: true },
  presence: { heartbeatSec: 30 },
};
const everything = compileDeviceType(definition, 'everything@1.json');

test('Home Assistant takes every shipped device type, and one with everything, as it is announced', () => {
  for (const type of [...shippedTypes, everything]) {
    for (const commands of [
      new Set<string>(),
      new Set([...type.commands.keys()].map((name) => `${type.name}/${name}`)),
    ])
      assert.deepEqual(discoveryFaults(discover(type, { commands })), [], type.id);
  }
});

test('a sensor has the unit, the class and the precision that Home Assistant knows', () => {
  const { components } = discover(shipped('env-sensor'));
  assert.deepEqual(components['reading_env_temperature'], {
    platform: 'sensor',
    name: 'Temperature',
    unique_id: 'acme-hub_d-1_reading_env_temperature',
    state_topic: 'acme/hub/telemetry/d-1/env',
    value_template: components['reading_env_temperature']?.value_template,
    unit_of_measurement: '°C',
    state_class: 'measurement',
    device_class: 'temperature',
    suggested_display_precision: 2,
  });
  assert.equal(components['reading_env_rssi']?.['entity_category'], 'diagnostic');
  assert.equal(components['reading_env_humidity']?.['device_class'], 'humidity');
  const {
    reading_all_energy: energy,
    reading_all_odd: odd,
    reading_all_co2: co2,
  } = discover(everything).components;
  assert.deepEqual([energy?.['state_class'], energy?.['device_class']], ['total_increasing', 'energy']);
  assert.deepEqual([odd?.['unit_of_measurement'], odd?.['device_class']], ['[furlong]/wk', undefined]);
  assert.equal(co2?.['device_class'], 'carbon_dioxide');
  assert.equal(
    components['setting_offset_temperature']?.['device_class'],
    undefined,
    'a difference in K is no temperature',
  );
});

test('readings are shown from single and from batched messages, and one without the field changes nothing', () => {
  const template = (name: string): string =>
    discover(everything).components[`reading_all_${name}`]?.value_template ?? '';
  const one = JSON.stringify({ ts: 1, data: { open: true, mode: 'auto', energy: 0 } });
  const batch = JSON.stringify({
    samples: [
      { ts: 1, data: { energy: 1 } },
      { ts: 2, data: { energy: 2.5, open: false } },
    ],
  });
  const without = JSON.stringify({ ts: 1, data: { open: null } });
  const jobs = [
    { template: template('open'), value: one },
    { template: template('open'), value: batch },
    { template: template('open'), value: without },
    { template: template('energy'), value: one },
    { template: template('energy'), value: batch },
    { template: template('energy'), value: without },
    { template: template('mode'), value: one },
    { template: template('mode'), value: without, state: 'manual' },
  ];
  assert.deepEqual(renderAll(jobs), ['ON', 'OFF', '', '0', '2.5', '', 'auto', 'manual']);
});

test('a setting shows what is desired, then what is reported, then the default, and is sent as a patch', () => {
  const { components } = discover(everything);
  const value = (key: string): string => components[key]?.value_template ?? '';
  const command = (key: string): string => components[key]?.command_template ?? '';
  const twin = (desired: object, reported: object = {}): string => JSON.stringify({ desired, reported });
  const rendered = renderAll([
    { template: value('setting_eco'), value: twin({ eco: false }, { eco: true }) },
    { template: value('setting_eco'), value: twin({}) },
    { template: value('setting_silent'), value: twin({}) },
    { template: value('setting_limits_upper'), value: twin({}, { limits: { upper: 4 } }) },
    {
      template: value('setting_limits_upper'),
      value: twin({ limits: { upper: 7 } }, { limits: { upper: 4 } }),
    },
    { template: value('setting_ratio'), value: twin({}) },
    { template: value('setting_label'), value: twin({}) },
    { template: command('setting_limits_upper'), value: 5 },
    { template: command('setting_eco'), value: 'true' },
    { template: command('setting_label'), value: 'say "hi"' },
  ]);
  assert.deepEqual(rendered, [
    'false',
    'true',
    'none',
    '4',
    '7',
    'None',
    '',
    '{"patch":{"limits":{"upper":5}}}',
    '{"patch":{"eco":true}}',
    '{"patch":{"label":"say \\"hi\\""}}',
  ]);
  assert.deepEqual(components['setting_label']?.['max'], 255, 'no text is longer in Home Assistant');
  assert.equal(
    components['setting_fixed'],
    undefined,
    'a number without a range would cost the whole device',
  );
  assert.equal(components['setting_list'], undefined, 'a list has no control');
  assert.equal(components['setting_limits_upper']?.name, 'Limits: Upper');
});

test('commands of safety observe and config have a control; others only when they are named', () => {
  const { components } = discover(everything);
  assert.deepEqual(
    Object.keys(components).filter((key) => key.startsWith('command_')),
    ['command_light', 'command_pick'],
    'two values at once have no control',
  );
  const named = discover(everything, { commands: new Set(['everything/shut']) }).components['command_shut'];
  assert.equal(named?.platform, 'button');
  assert.deepEqual(
    renderAll([
      { template: components['command_light']?.command_template ?? '', value: 'false' },
      { template: components['command_pick']?.command_template ?? '', value: 'fast' },
      { template: named?.command_template ?? '', value: 'PRESS' },
    ]),
    [
      '{"params":{"on":false}}',
      '{"params":{"speed":"fast"}}',
      '{"id":"ha-20260102030405678901","params":{}}',
    ],
  );
});

test('a device is available while it takes part, and while the hub is there', () => {
  const { availability, components } = discover(shipped('smart-valve'));
  const [ofDevice, ofHub] = availability;
  const states = [
    'online',
    'suspect',
    'sleeping',
    'migrating',
    'offline',
    'unknown',
    'disabled',
    'never-seen',
    'overdue',
  ];
  const rendered = renderAll([
    ...states.map((state) => ({
      template: ofDevice?.value_template ?? '',
      value: JSON.stringify({ state }),
    })),
    { template: ofHub?.value_template ?? '', value: '{"online":true,"incarnation":"1"}' },
    { template: ofHub?.value_template ?? '', value: '{"online":false,"incarnation":"1"}' },
    { template: components['connectivity']?.value_template ?? '', value: '{"state":"offline"}' },
  ]);
  assert.deepEqual(rendered, [
    'online',
    'online',
    'online',
    'online',
    'offline',
    'offline',
    'offline',
    'offline',
    'offline',
    'online',
    'offline',
    'OFF',
  ]);
  assert.deepEqual([ofDevice?.topic, ofHub?.topic], ['acme/hub/presence/d-1', 'acme/hub/hub/h-1']);
  assert.deepEqual(
    components['setting_failPosition']?.availability,
    [ofHub],
    'a setting may wait for its device',
  );
});

test('an event carries its severity and data', () => {
  const template = discover(shipped('smart-valve')).components['event_leak']?.value_template ?? '';
  const [rendered = ''] = renderAll([
    { template, value: JSON.stringify({ ts: 1, severity: 'critical', data: { rate: 2, zone: 'a"b' } }) },
  ]);
  assert.deepEqual(JSON.parse(rendered), {
    event_type: 'leak',
    severity: 'critical',
    data: { rate: 2, zone: 'a"b' },
  });
});

test('of several hubs none speaks for a device, and a message is known as one of ours by its topics', () => {
  const discovery = discover(shipped('env-sensor'), { hubId: undefined as never });
  assert.equal(discovery.availability.length, 1);
  const text = JSON.stringify(discovery);
  assert.equal(isDiscoveryOf('d-1', text, options), true);
  assert.equal(isDiscoveryOf('d-2', text, options), false);
  assert.equal(isDiscoveryOf('d-1', text, { topics: topicsOf('other') }), false);
  for (const foreign of ['null', '[]', '{}', 'x', '{"origin":{"name":"device-hub"}}'])
    assert.equal(isDiscoveryOf('d-1', foreign, options), false, foreign);
});
