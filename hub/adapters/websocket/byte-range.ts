/** Which part of a file a request asks for (RFC 9110 §14). */
export type ByteRange =
  /** First and last byte; `part`: it is not the whole file by request. */
  | { kind: 'bytes'; first: number; last: number; part: boolean }
  /** 416: nothing of the file lies in it. */
  | { kind: 'unsatisfiable' };

/**
 * @param range the header; several ranges, other units and what is no range count as none, as §14.2 allows
 * @param size of the file, at least 1
 */
export function byteRange(range: string | undefined, size: number): ByteRange {
  const whole = { kind: 'bytes', first: 0, last: size - 1, part: false } as const;
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(range?.trim() ?? '') ?? [];
  if (from === '' && to === '') return whole;
  if (from === '') {
    const suffix = Number(to);
    if (suffix === 0) return { kind: 'unsatisfiable' };
    return { kind: 'bytes', first: Math.max(0, size - suffix), last: size - 1, part: true };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return whole;
  return first >= size ? { kind: 'unsatisfiable' } : { kind: 'bytes', first, last, part: true };
}
