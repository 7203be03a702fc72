/** What the writer spools: some lines of one device, at time `n`. */
export function spoolEntry(n: number, lines = 3) {
  const texts = Array.from({ length: lines }, (_, line) => `m,device=d-${n} v=${line} ${n}${line}`);
  const size = texts.reduce((sum, text) => sum + text.length + 1, 0);
  return { lines: texts, shares: { [`d-${n}`]: lines }, size, nowMs: n };
}

export function badLetter(device: string, line = `m,device=${device} v="x" 1`) {
  return { account: device, type: 'sensor', line, reason: 'field type conflict' };
}
