import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSelector, selects } from '../../../hub/registry/selector.ts';
import { HubError } from '../../../hub/kernel/errors.ts';

const device = { id: 'd-17', type: 'env-sensor@2', site: 'north', labels: { floor: '2' } };

const meant: [selector: string, means: boolean][] = [
  ['all', true],
  ['d-17', true],
  ['d-18', false],
  ['id=d-17', true],
  ['type=env-sensor', true],
  ['type=env-sensor@2', true],
  ['type=env-sensor@1', false],
  ['site=north,type=env-sensor', true],
  ['site=north,type=smart-valve', false],
  ['floor=2', true],
  ['floor=3', false],
  ['constructor=x', false],
  [' site = north , floor = 2 ', true],
];

for (const [selector, means] of meant) {
  test(`${JSON.stringify(selector)} ${means ? 'means' : 'does not mean'} the device`, () => {
    assert.equal(selects(parseSelector(selector), device), means);
  });
}

for (const text of [
  '',
  'a b',
  '=x',
  'site=',
  'site=a,,floor=2',
  '*',
  `k=${'x'.repeat(129)}`,
  Array(17).fill('a=b').join(','),
]) {
  test(`${JSON.stringify(text.slice(0, 20))} is refused with the rule`, () => {
    assert.throws(
      () => parseSelector(text),
      (error) => error instanceof HubError && error.code === 'input-invalid' && /must be/.test(error.message),
    );
  });
}
