/** A first program of a device, for each SDK. */

import type { DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import { sampleData } from '../playground/sample-data.ts';

export interface Snippet {
  readonly name: string;
  readonly text: string;
}

export interface SnippetDevice {
  readonly url: string;
  readonly ca: string | undefined;
  readonly id: string;
  readonly type: DeviceTypeDefinition & { id: string };
}

/** @param device whose secret is in the environment, as SECRET: no snippet has it in its text */
export function snippetsFor({ url, ca, id, type }: SnippetDevice): Snippet[] {
  const [stream = '', definition] = Object.entries(type.streams ?? {})[0] ?? [];
  const data = definition === undefined ? '{}' : JSON.stringify(sampleData(definition, 0.5));
  const base = url.replace(/\/v1\/device$/, '');
  const where = (before: string, after: string): string => (ca === undefined ? '' : before + ca + after);
  return [
    {
      name: 'Simulator',
      text: `npm run -s sim -- device --url ${url}${where(' --ca ', '')} --type ${type.id} --id ${id} --secret "$SECRET"`,
    },
    {
      name: 'Python',
      text: `import json, os
import device_hub

device = device_hub.begin(
    url="${base}", ${where('ca="', '", ')}state="state",
    id="${id}", secret=os.environ["SECRET"], type="${type.id}")
while True:
    device.measure("${stream}", json.loads('${data}'))
    device.step(1000)
    print(device.counts.settled, "stored")`,
    },
    {
      name: 'TypeScript',
      text: `import { begin } from 'device-hub-sdk';

const device = await begin({
  url: '${url}', ${where("ca: '", "', ")}state: 'state',
  id: '${id}', secret: process.env.SECRET, type: '${type.id}',
});
setInterval(async () => {
  const { kind } = await device.measure('${stream}', ${data});
  console.log(kind);
}, 1000);`,
    },
    {
      name: 'C',
      text: `#include <stdlib.h>
#include "hub_posix.h"

int main(void) {
  static hub_posix device;
  const hub_posix_settings settings = {
      .url = "${base}", ${where('.ca = "', '", ')}.state = "state",
      .id = "${id}", .secret = getenv("SECRET"), .type = "${type.id}"};
  if (!hub_posix_begin(&device, &settings)) return 1;
  for (uint64_t next = hub_posix_uptime();;) {
    if (hub_posix_uptime() >= next) {
      hub_posix_measure(&device, "${stream}", ${JSON.stringify(data)});
      next += 1000;
    }
    hub_posix_step(&device, 100);
  }
}`,
    },
    {
      name: 'Upgrade with curl',
      text: `curl${where(' --cacert ', '')} -u ${id}:"$SECRET" -i -N --http1.1 --max-time 5 \\
  -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\
  -H 'Sec-WebSocket-Version: 13' -H "Sec-WebSocket-Key: $(openssl rand -base64 16)" \\
  -H 'Sec-WebSocket-Protocol: hub.v1.json' ${url.replace(/^ws/, 'http')}
# 101: the address, the certificate and the secret are right`,
    },
  ];
}

/** Sets it for the programs that are started in the same terminal. */
export function secretLine(secret: string): string {
  return `export SECRET=${secret}`;
}

/** An enrolment token as it was made. */
export interface NewToken {
  readonly token: string;
  /** With which the ids must begin; may be empty. */
  readonly idPrefix: string;
}

/** What a new device does with the token, to be tried in a terminal. */
export function enrolLine(
  { url, ca }: Pick<SnippetDevice, 'url' | 'ca'>,
  { token, idPrefix }: NewToken,
): string {
  const to = url.replace(/^ws/, 'http').replace(/\/v1\/device$/, '/v1/enrol');
  return `curl${ca === undefined ? '' : ` --cacert ${ca}`} ${to} \\
  -d '{"token":"${token}","id":"${idPrefix || 'new-'}1"}'`;
}
