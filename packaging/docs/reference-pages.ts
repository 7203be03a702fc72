/** The pages under `docs/reference` that are made from the same sources as the code. */

import { cliPage } from './cli-page.ts';
import { configurationPage } from './configuration-page.ts';
import { framesPage } from './frames-page.ts';
import { httpPage } from './http-page.ts';
import { metricsPage } from './metrics-page.ts';
import { mqttPage } from './mqtt-page.ts';

/** File name → text. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const pages = {
    'cli.md': cliPage(),
    'configuration.md': configurationPage(),
    'frames.md': framesPage(),
    'http.md': httpPage(),
    'metrics.md': await metricsPage(),
    'mqtt.md': mqttPage(),
  };
  return new Map(Object.entries(pages).map(([name, text]) => [name, `${text}\n`]));
}
