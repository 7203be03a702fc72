/** The address of a client: the peer's, or the one that a trusted proxy reports. */

import { BlockList, isIP, isIPv6 } from 'node:net';

/** The addresses of proxies whose `X-Forwarded-For` is believed: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
export function trustedProxies(addresses: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of addresses) {
    const [address = '', prefix] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

/**
 * The client's own address. The header is read only from a trusted peer, and from its end: each proxy appends the
 * address it saw, so everything before the first untrusted address may be invented by the client.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let address = plainAddress(peer ?? '');
  if (forwardedFor === undefined || !isTrusted(address)) return address;
  for (const hop of forwardedFor.split(',').toReversed()) {
    const named = plainAddress(hop.trim());
    if (isIP(named) === 0) return address;
    address = named;
    if (!isTrusted(address)) return address;
  }
  return address;
}

/** The network that limits apply to: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - tailGroups.length;
  const all = [...groups, ...Array.from({ length: Math.max(missing, 0) }, () => '0'), ...tailGroups];
  const first = all.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
  return `${first.join(':')}::/64`;
}

/** An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) counts as IPv4. */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
