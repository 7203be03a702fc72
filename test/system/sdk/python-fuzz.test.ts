import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPython, pythonFuzzParts, runPython } from '../../helpers/sdk/python-sdk.ts';

/** The soak `sdk-python` runs as many as it is told. */
const inputs = 100;

test('no hostile hub, and no loss of power at any write, breaks a promise of the Python SDK', () => {
  for (const [part, share] of Object.entries(pythonFuzzParts))
    assert.match(fuzzPython(part, 1, inputs * share), /inputs\n$/, part);
});

test('the core holds its promises in each scenario, run by CPython', () => {
  assert.equal(runPython('test/scenarios.py'), 'all hold\n');
});
