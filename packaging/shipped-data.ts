/** The last step of `npm run build`: beside the JavaScript, what the hub reads from its package while it runs. */

import { chmodSync, cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Where each stands in the sources, so that a module finds it by the same relative path in both. */
const folders = ['schemas/device-types'];
// Where there is a console, a package without it is none: a missing build is a fault here.
if (existsSync(join(root, 'dashboards/console/index.html'))) folders.push('dashboards/console/dist');

for (const folder of folders) cpSync(join(root, folder), join(dist, folder), { recursive: true });
// main.ts reads its version from here, the API's description the license; scripts and dependencies are the business of the package's own file.
const { name, version, license, type, engines } = packageJson;
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify({ name, version, license, type, engines }, undefined, 2)}\n`,
);
for (const file of Object.values(packageJson.bin)) chmodSync(join(root, file), 0o755);
