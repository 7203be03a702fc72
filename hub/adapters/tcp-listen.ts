import type { AddressInfo, Server } from 'node:net';
import { listenFault } from './listen-address.ts';
import type { ListenAddress } from '../kernel/listener-address.ts';

/**
 * Listens; port 0 takes any free one.
 * @param setting the configuration name, for the error
 * @throws HubError `address-in-use`, `config-invalid`
 */
export function listenTcp(
  server: Server,
  address: ListenAddress,
  setting: string,
): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenFault(error, address, setting));
    server.once('error', failed);
    server.listen({ ...address, backlog: 4_096 }, () => {
      server.removeListener('error', failed);
      resolve({ port: (server.address() as AddressInfo).port });
    });
  });
}
