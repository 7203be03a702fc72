import { execFileSync } from 'node:child_process';
import { pythonEnv } from '../services/python-modules.ts';

/** As Home Assistant renders them: `value_json` of a payload that is JSON, `to_json`, and the state that an entity has. */
const script = `
import datetime, json, sys
from jinja2 import Environment
environment = Environment()
environment.filters['to_json'] = json.dumps
environment.globals['now'] = lambda: datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)
rendered = []
for job in json.load(sys.stdin):
    variables = {'value': job['value'], 'this': {'state': job['state']}}
    try:
        variables['value_json'] = json.loads(job['value'])
    except (TypeError, ValueError):
        pass
    rendered.append(environment.from_string(job['template']).render(variables))
json.dump(rendered, sys.stdout)
`;

export interface Rendering {
  template: string;
  /** A payload, or what a person has set. */
  value: unknown;
  /** What the entity shows until now. */
  state?: string;
}

/** Renders the templates with the engine that Home Assistant uses. */
export function renderAll(jobs: readonly Rendering[]): string[] {
  const input = JSON.stringify(jobs.map((job) => ({ state: 'unknown', ...job })));
  return JSON.parse(
    execFileSync('python3', ['-c', script], { input, env: pythonEnv, encoding: 'utf8' }),
  ) as string[];
}
