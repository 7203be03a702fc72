import { test } from 'node:test';
import { rotateUnderCuts } from '../../helpers/drills/rotation-scenario.ts';

test('devices get new secrets while their links are cut at random, and none is locked out', async () => {
  await rotateUnderCuts(30);
});
