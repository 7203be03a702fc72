import { environmentName } from '../../hub/config/names.ts';
import { configNames } from '../../schemas/config.ts';
import schema from '../../schemas/config.schema.json' with { type: 'json' };
import { code, generatedNote, table } from './markdown.ts';
import { kindOf } from './schema-tables.ts';

interface Setting {
  description?: string;
  default?: unknown;
  $ref?: string;
}

/** Every setting, as the hub checks it. */
export function configurationPage(): string {
  const settings = schema.properties as Record<string, Setting>;
  const shapes = schema.$defs as Record<string, object>;
  const rows = configNames.map((name) => {
    const setting = settings[name] ?? {};
    const shape = setting.$ref === undefined ? setting : (shapes[setting.$ref.replace('#/$defs/', '')] ?? {});
    const given = setting.default;
    return [
      code(environmentName(name)),
      code(name),
      given === undefined ? '' : code(typeof given === 'string' ? given : JSON.stringify(given)),
      kindOf(shape),
      setting.description ?? '',
    ];
  });
  return [
    '# Configuration',
    generatedNote('`schemas/config.schema.json`'),
    'Each setting is a variable of the environment, or a member of the JSON file that `--config` names. The environment wins. `device-hub check-config` judges all of it without a start, and `device-hub print-config` shows what is in effect, with secrets hidden. A name that means nothing is an error in the file and a warning in the environment.',
    table(['Environment', 'In the file', 'Default', 'Value', 'Meaning'], rows),
  ].join('\n\n');
}
