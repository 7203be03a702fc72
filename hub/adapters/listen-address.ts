/** Explains to the operator why the hub cannot listen on an address. */

import type { ListenOptions, Server } from 'node:net';
import { HubError, messageOf } from '../kernel/errors.ts';
import type { ListenAddress } from '../kernel/listener-address.ts';

/** `127.0.0.1:80`, `[::1]:80`. */
export function formatAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The same for an address to open: a listener on every address is reached as `localhost` on this machine. */
export function reachableAddress({ host, port }: ListenAddress): string {
  return formatAddress({ host: host === '0.0.0.0' || host === '::' ? 'localhost' : host, port });
}

/**
 * The error of a failed listen. It names the address, the setting and the way out.
 * @param setting such as `HUB_ADMIN_LISTEN`
 * @returns HubError `address-in-use`, or `config-invalid` for an address this machine does not have or may not use
 */
export function listenFault(error: unknown, address: ListenAddress, setting: string): HubError {
  const text = formatAddress(address);
  const details = { address: text, setting };
  switch (codeOf(error) ?? '') {
    case 'EADDRINUSE':
      return new HubError(
        'address-in-use',
        `${text} (${setting}): end the program that listens there, or give another address, such as ` +
          `${setting}=${formatAddress({ host: address.host, port: 0 })} for any free port`,
        { cause: error, details },
      );
    case 'EACCES':
      return new HubError(
        'config-invalid',
        `${setting} must be an address this user may listen on, and ${text} is not; take a port of 1024 or more`,
        { cause: error, details },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new HubError(
        'config-invalid',
        `${setting} must be an address of this machine, and ${text} is not`,
        {
          cause: error,
          details,
        },
      );
    default:
      return new HubError('config-invalid', `${setting}: cannot listen on ${text} (${messageOf(error)})`, {
        cause: error,
        details,
      });
  }
}

/** Resolves when `server` listens; rejects with the system's error. */
export function listenOn(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The system's error code (`EADDRINUSE`, …), when it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The origins of pages that a listener on `host` serves; for a listener on every address, those of this machine. */
export function ownOrigins(host: string, port: number): string[] {
  const local = ['localhost', '127.0.0.1', '::1'];
  const hosts =
    ['0.0.0.0', '::', ...local].includes(host) || host.startsWith('127.') ? [host, ...local] : [host];
  return [...new Set(hosts)].map((name) => `http://${formatAddress({ host: name, port })}`);
}
