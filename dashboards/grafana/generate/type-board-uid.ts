/** Of the dashboard of a type. */
export function typeBoardUid(type: string): string {
  // Grafana accepts at most 40 characters, and a type's name has up to 64: a checksum distinguishes names that are cut.
  const uid = `device-hub-type-${type}`;
  return uid.length <= 40 ? uid : `${uid.slice(0, 31)}-${checksum(type)}`;
}

/** 32 bits of FNV-1a, hexadecimal: stable from run to run. */
export function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
