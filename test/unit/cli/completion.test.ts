import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Command, Option } from 'commander';
import { placesOf } from '../../../hub/cli/completion/command-words.ts';
import { completionScript, shells } from '../../../hub/cli/completion/completion-scripts.ts';

function program(): Command {
  const root = new Command('device-hub').option('--config <file>', "the hub's file");
  const device = root.command('device').description('the devices');
  device
    .command('add')
    .description("register: a device's id")
    .addOption(new Option('--format <format>', 'how').choices(['json', 'csv']));
  device.command('list').description('list them');
  root.command('start').description('start it');
  return root;
}

const bash = completionScript('bash', [...placesOf(program())]);

/** What bash offers for the last word. */
function offered(...words: string[]): string[] {
  const line = ['device-hub', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `${bash}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _device_hub; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

test('bash completes sub-commands, their options and the values of options', () => {
  assert.deepEqual(offered(''), ['device', 'start', '--config', '--help']);
  assert.deepEqual(offered('de'), ['device']);
  assert.deepEqual(offered('device', ''), ['add', 'list', '--help']);
  assert.deepEqual(offered('device', 'add', 'd-1', '--f'), ['--format']);
  assert.deepEqual(offered('device', 'add', '--format', ''), ['json', 'csv']);
  assert.deepEqual(offered('--config', 'hub.json', 'start', ''), ['--help']);
});

test('the scripts of all shells know every sub-command, and no text of ours ends a quote', () => {
  for (const shell of shells) {
    const script = completionScript(shell, [...placesOf(program())]);
    for (const word of ['device', 'add', 'list', 'start', 'format', 'json csv'.slice(0, 4)])
      assert.ok(script.includes(word), `${shell}: ${word}`);
    for (const line of script.split('\n').filter((each) => !each.startsWith('#')))
      assert.equal(line.split("'").length % 2, 1, `${shell}: ${line}`);
  }
});
