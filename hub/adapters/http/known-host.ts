/** Which names the operators' listener answers to. */

import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { HubError } from '../../kernel/errors.ts';

/** Ends of names that no public resolver knows (RFC 6761, RFC 6762, RFC 8375; `.internal` and `.svc` are not delegated). */
const privateEnds = /\.(localhost|local|internal|home\.arpa|lan|svc|test)$/;

/**
 * Refuses requests for a host name that may be anybody's: a stranger's page can point its own name at this address,
 * and the browser then lets it read every answer (DNS rebinding). An address, a name of one label, a private name,
 * this machine's name and the hosts of the console's origins are known.
 * @param origins exact origins of the console's pages, by the port of the listener
 */
export function refuseUnknownHosts(app: FastifyInstance, origins: (port: number) => readonly string[]): void {
  const machine = hostname().toLowerCase();
  app.addHook('onRequest', async ({ headers, socket, raw }) => {
    const hosts = raw.rawHeaders.filter(
      (text, index) => index % 2 === 0 && text.toLowerCase() === 'host',
    ).length;
    // Which of two counts, a proxy may see otherwise (RFC 9112 §3.2); HTTP/1.0 has none.
    if (hosts > 1 || (hosts === 0 && raw.httpVersion === '1.1'))
      throw new HubError('input-invalid', `the request must have one Host header, and has ${hosts}`);
    const name = nameOf(headers.host);
    if (name === undefined || isIP(name) > 0 || !name.includes('.') || privateEnds.test(name)) return;
    if (
      name === machine ||
      origins(socket.localPort ?? 0).some((origin) => new URL(origin).hostname === name)
    )
      return;
    throw new HubError(
      'host-unknown',
      `${name}; add its origin, such as https://${name}, to HUB_ADMIN_ORIGINS`,
    );
  });
}

/** The host of `name:port` or `[::1]:port`, in lower case, without the root's dot; undefined when there is none. */
function nameOf(host: string | undefined): string | undefined {
  const name = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:]*))(?::\d*)?$/.exec(host ?? '')?.groups;
  const given = (name?.['v6'] ?? name?.['name'] ?? host ?? '').toLowerCase().replace(/\.$/, '');
  return given === '' ? undefined : given;
}
