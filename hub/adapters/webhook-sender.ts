/** Posts to addresses that an operator names. */

import { lookup, type LookupAddress } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import type { SendWebhook } from '../alarms/webhook-store.ts';

/** The other must have answered by then, ms. */
const timeoutMs = 10_000;

/**
 * Link-local addresses, where clouds serve the credentials of the machine (RFC 3927, RFC 4291 §2.5.6), and the addresses of such
 * services elsewhere: of AWS over IPv6, Alibaba, Oracle. The unspecified address is this machine. The last is 169.254.0.0/16 behind
 * NAT64 (RFC 6052 §2.1).
 */
const forbidden = [
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '192.0.0.192/32',
  '0.0.0.0/8',
  '::/128',
  '64:ff9b::a9fe:0/112',
];

/**
 * The address is checked after the name is resolved, on the very look-up that the connection uses. No redirect is followed: one
 * counts as a failure.
 * @param allowed addresses and networks that are reached all the same
 */
export function webhookSender(allowed: readonly string[]): SendWebhook {
  const [closed, open] = [listOf(forbidden), listOf(allowed)];
  const isForbidden = (address: string): boolean => {
    // A list knows IPv4 addresses in IPv6 notation; a zone is none of its business (RFC 4007 §11).
    const [plain = ''] = address.split('%', 1);
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
    return closed.check(plain, family) && !open.check(plain, family);
  };
  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      const bad = (addresses ?? []).find(({ address }) => isForbidden(address));
      if (error !== null || first === undefined) callback(error ?? new Error('no address'), '', 0);
      else if (bad !== undefined) callback(new Error(refusal(bad.address)), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  return ({ url, body, headers }) => {
    const target = new URL(url);
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // A connection to an address looks nothing up.
    if (isIP(host) !== 0 && isForbidden(host)) return Promise.resolve(refusal(host));
    const request = target.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve) => {
      const outgoing = request(target, {
        method: 'POST',
        agent: false,
        lookup: checkedLookup,
        signal: AbortSignal.timeout(timeoutMs),
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      outgoing.on('response', (response) => {
        const { statusCode = 0 } = response;
        // What it says is of no interest, however long it is.
        response.destroy();
        resolve(statusCode >= 200 && statusCode < 300 ? undefined : `it answered ${statusCode}`);
      });
      outgoing.on('error', (error) =>
        resolve(
          error.name === 'AbortError' || error.name === 'TimeoutError'
            ? `no answer within ${timeoutMs} ms`
            : error.message,
        ),
      );
      outgoing.end(body);
    });
  };
}

function refusal(address: string): string {
  return `${address} is not reached: metadata services are there; name it in HUB_WEBHOOK_ALLOW if it is meant`;
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
