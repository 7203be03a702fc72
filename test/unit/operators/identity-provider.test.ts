import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeClaims } from '../../../hub/operators/identity-provider.ts';
import { readRoleRule } from '../../../schemas/api/roles.ts';

const rules = {
  nameClaim: 'preferred_username',
  roleClaim: 'groups',
  roles: ['admins=admin:critical', 'hall-3=operator:actuate:site=hall-3+type=env-*', 'all=viewer'].flatMap(
    (text) => readRoleRule(text) ?? [],
  ),
};

const judge = (claims: Record<string, unknown>) =>
  judgeClaims({ issuer: 'https://id.example.org', subject: '1', claims }, rules);

test('the first rule that matches a value of the claim gives the rights; a text counts as a list of one', () => {
  const name = 'eva@example.org';
  const hall = { role: 'operator', safety: 'actuate', devices: 'site=hall-3,type=env-*' };
  assert.deepEqual(judge({ preferred_username: name, groups: ['all', 'hall-3'] }), {
    kind: 'person',
    name,
    rights: hall,
  });
  assert.deepEqual(judge({ preferred_username: name, groups: 'all' }), {
    kind: 'person',
    name,
    rights: { role: 'viewer', safety: 'config', devices: '*' },
  });
});

test('nobody gets in without a name that an account may have, or without a role', () => {
  assert.equal(judge({ preferred_username: 'eva', groups: ['strangers'] }).kind, 'no-role');
  assert.equal(judge({ preferred_username: 'eva' }).kind, 'no-role');
  assert.equal(judge({ preferred_username: 'Eva Smith', groups: 'all' }).kind, 'no-name');
  assert.equal(judge({ preferred_username: 7, groups: 'all' }).kind, 'no-name');
});

test('a rule that is none is not read', () => {
  for (const text of ['', 'admins', 'admins=', 'admins=king', 'admins=admin:all', 'a=admin:critical:name=x'])
    assert.equal(readRoleRule(text), undefined, text);
});
