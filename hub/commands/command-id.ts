const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * An id for a command whose caller gave none: 10 characters of time (ms) and 16 random ones (80 bits), so that ids
 * sort by age and never collide.
 * @param random uniform in [0, 1)
 */
export function newCommandId(nowMs: number, random: () => number): string {
  let time = '';
  for (let rest = Math.max(0, Math.floor(nowMs)), at = 0; at < 10; at++, rest = Math.floor(rest / 32)) {
    time = `${alphabet[rest % 32]}${time}`;
  }
  let chance = '';
  for (let at = 0; at < 16; at++) chance += alphabet[Math.floor(random() * 32)];
  return `${time}${chance}`;
}
