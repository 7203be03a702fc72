import { InvalidArgumentError } from 'commander';

/** The number of consecutive ports that the demo takes. */
const count = 3;
const highest = 65_535;

export function parsePortBase(text: string): number {
  const port = Number(text);
  if (!Number.isSafeInteger(port) || port < 1 || port > highest - count + 1)
    throw new InvalidArgumentError(`It must be a port from 1 to ${highest - count + 1}.`);
  return port;
}

/** The addresses for devices, operators and MQTT clients, when `base` is the first port of the demo. */
export function listenersFrom(base: number): Record<string, string> {
  return {
    HUB_DEVICE_LISTEN: `127.0.0.1:${base}`,
    HUB_ADMIN_LISTEN: `127.0.0.1:${base + 1}`,
    HUB_BROKER_LISTEN: `127.0.0.1:${base + 2}`,
  };
}
