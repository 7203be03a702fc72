/** The upgrade requests of widespread WebSocket clients, byte for byte, but for what each user gives them. */

export interface Knock {
  /** `host:port` of the hub. */
  host: string;
  id: string;
  secret: string;
}

export interface ClientRequest {
  client: string;
  lines: (knock: Knock) => readonly string[];
}

const key = 'Sec-WebSocket-Key: sDKgLraWlytzYe7bjGVYGg==';
const deflate = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits';
const first = 'GET /v1/device HTTP/1.1';

const base64 = ({ id, secret }: Knock): string => Buffer.from(`${id}:${secret}`).toString('base64');
const authorization = (knock: Knock): string => `Authorization: Basic ${base64(knock)}`;

/** Clients of devices with their default settings: captured, or as their source code writes them. */
export const deviceClients: readonly ClientRequest[] = [
  {
    client: 'ws 8 of npm',
    lines: (knock) => [
      first,
      'Sec-WebSocket-Version: 13',
      key,
      'Connection: Upgrade',
      'Upgrade: websocket',
      deflate,
      `Host: ${knock.host}`,
      authorization(knock),
    ],
  },
  {
    client: 'websocket 1 of npm',
    lines: (knock) => [
      first,
      authorization(knock),
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      key,
      `Host: ${knock.host}`,
    ],
  },
  {
    client: 'websockets 17 of Python',
    lines: (knock) => [
      first,
      `Host: ${knock.host}`,
      authorization(knock),
      'Upgrade: websocket',
      'Connection: Upgrade',
      key,
      'Sec-WebSocket-Version: 13',
      deflate,
      'User-Agent: Python/3.11 websockets/17.1',
    ],
  },
  {
    client: 'websocket-client 1.9 of Python',
    lines: (knock) => [
      first,
      'Upgrade: websocket',
      `Host: ${knock.host}`,
      `Origin: http://${knock.host}`,
      key,
      'Sec-WebSocket-Version: 13',
      'Connection: Upgrade',
      authorization(knock),
    ],
  },
  {
    client: 'WebSockets 2 of Arduino',
    lines: (knock) => [
      first,
      `Host: ${knock.host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      key,
      'Sec-WebSocket-Protocol: arduino',
      'Origin: file://',
      'User-Agent: arduino-WebSocket-Client',
      authorization(knock),
    ],
  },
  {
    client: 'esp_websocket_client of ESP-IDF',
    lines: (knock) => [
      first,
      'Connection: Upgrade',
      `Host: ${knock.host}`,
      'User-Agent: ESP32 Websocket Client',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      key,
      authorization(knock),
    ],
  },
];

/** A page in Chromium 150. @param credential `hub.auth.…`; none: the page brings no credential */
export function chromiumRequest(host: string, origin: string, credential?: string): readonly string[] {
  return [
    first,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Pragma: no-cache',
    'Cache-Control: no-cache',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36',
    'Upgrade: websocket',
    `Origin: ${origin}`,
    'Sec-WebSocket-Version: 13',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-US,en;q=0.9',
    key,
    deflate,
    `Sec-WebSocket-Protocol: ${['hub.v1.json', ...(credential === undefined ? [] : [credential])].join(', ')}`,
  ];
}

/** The credential of a page. */
export function pageCredential({ id, secret }: Pick<Knock, 'id' | 'secret'>): string {
  return `hub.auth.${Buffer.from(`${id}:${secret}`).toString('base64url')}`;
}
