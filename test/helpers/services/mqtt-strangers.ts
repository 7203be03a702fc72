import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What one connection gets that wanted to speak MQTT. */
export type MqttStranger = (socket: Socket) => void;

const connackOk = Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00]);

const bytes =
  (content: Buffer | string, after: 'stay' | 'end' = 'stay'): MqttStranger =>
  (socket) => {
    socket.write(content);
    if (after === 'end') socket.end();
  };

/** Takes the connection, and then answers the SUBSCRIBE with this reason code for every filter. */
function subscribed(reasonCode: number, filters: number): MqttStranger {
  return (socket) => {
    let packets = 0;
    socket.on('data', (chunk: Buffer) => {
      packets += 1;
      if (packets === 1) socket.write(connackOk);
      // Packet type 8 is SUBSCRIBE; its id follows the remaining length, which is short here.
      const at = chunk.indexOf(0x82);
      if (packets === 1 || at === -1) return;
      const idAt = (chunk[at + 1] ?? 0) > 0x7f ? at + 3 : at + 2;
      const codes = Array.from({ length: filters }, () => reasonCode);
      socket.write(Buffer.from([0x90, 3 + filters, chunk[idAt] ?? 0, chunk[idAt + 1] ?? 0, 0, ...codes]));
    });
  };
}

/** Everything that something in between, or another program at the address, may answer. None is the broker. */
export const mqttStrangers: Readonly<Record<string, MqttStranger>> = {
  'an HTTP server': bytes('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n', 'end'),
  'TLS on plain': bytes(Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x50])),
  'another protocol': bytes('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
  'nothing at all': () => undefined,
  'an end at once': (socket) => {
    socket.end();
  },
  'a reset': (socket) => {
    socket.resetAndDestroy();
  },
  'a refusal': bytes(Buffer.from([0x20, 0x03, 0x00, 0x87, 0x00]), 'end'),
  'a refusal in MQTT 3.1.1': bytes(Buffer.from([0x20, 0x02, 0x00, 0x01]), 'end'),
  'a greeting, and then nothing': bytes(connackOk),
  'a greeting, and then garbage': bytes(Buffer.concat([connackOk, Buffer.alloc(64, 0xff)])),
  'a greeting, and subscriptions refused': subscribed(0x87, 4),
  'a length without end': bytes(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])),
  'a slow drip': (socket) => {
    let at = 0;
    const timer = setInterval(() => {
      if (at >= connackOk.length || socket.destroyed) clearInterval(timer);
      else socket.write(connackOk.subarray(at, ++at));
    }, 500);
    socket.once('close', () => clearInterval(timer));
  },
};

export interface MqttFront {
  readonly url: string;
  /** Connections that the stranger has taken since it was set. */
  readonly answered: number;
  /** Cuts every connection; from now on this stranger takes new ones, or undefined: they reach the broker. */
  set(stranger: MqttStranger | undefined): void;
  close(): Promise<void>;
}

/** Stands before a broker, or in its place. */
export async function startMqttFront(brokerPort: number): Promise<MqttFront> {
  let stranger: MqttStranger | undefined;
  let answered = 0;
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer((socket) => {
    keep(socket);
    if (stranger !== undefined) {
      answered += 1;
      socket.resume();
      stranger(socket);
      return;
    }
    const onward = connect(brokerPort, '127.0.0.1');
    keep(onward);
    socket.pipe(onward).pipe(socket);
    socket.once('close', () => onward.destroy());
    onward.once('close', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answered() {
      return answered;
    },
    set(next) {
      stranger = next;
      answered = 0;
      cut();
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
