import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

export interface Balancer {
  readonly port: number;
  /** Whether it takes connections; it does until that is set otherwise. */
  isOpen: boolean;
  /** Ends the connections that it has, as when a link breaks. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * What stands before several hubs: a connection goes to the first of the servers that takes it.
 * @param choose the ports to be tried for a new connection, in their order
 * @param watch sees what the server of this port sends
 * @param from gives the local address of each connection to a server
 */
export async function startBalancer(
  choose: () => readonly number[],
  watch?: (port: number, bytes: Buffer) => void,
  from = (): string => '127.0.0.1',
): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  };
  const forward = (client: Socket, [port, ...others]: readonly number[]): void => {
    if (port === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const upstream = connect({ port, host: '127.0.0.1', localAddress: from(), noDelay: true });
    keep(upstream);
    const refused = (): void => forward(client, others);
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
      if (watch !== undefined) upstream.on('data', (bytes: Buffer) => watch(port, bytes));
    });
  };
  const server = createServer({ noDelay: true }, (client) => {
    keep(client);
    forward(client, balancer.isOpen ? choose() : []);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const balancer: Balancer = {
    port: (server.address() as AddressInfo).port,
    isOpen: true,
    cut,
    async close() {
      cut();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
  return balancer;
}
