/** Why the hub closed connections, by close code (the protocol's own, and RFC 6455 §7.4.1). */
import { texts } from '../texts/texts.ts';
const closes: Readonly<Record<string, string>> = texts.hubState.closes;

/** How connections ended that the hub did not close, by close code (RFC 6455 §7.4.1). */
const losses: Readonly<Record<string, string>> = texts.hubState.losses;

export function closeWords(code: string): string {
  return closes[code] ?? '';
}

export function lossWords(code: string): string {
  return losses[code] ?? texts.hubState.closedByTheDevice;
}
