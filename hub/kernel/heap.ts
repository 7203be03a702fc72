import { getHeapStatistics } from 'node:v8';

/** The used heap of this process, bytes. Unlike `process.memoryUsage()` it opens no file, so it needs no descriptor. */
export function heapBytes(): number {
  return getHeapStatistics().used_heap_size;
}

/** Resident memory, bytes: now, or its peak when there is no descriptor left to look it up with (`/proc` needs one). */
export function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    const kibibyte = 1_024;
    return process.resourceUsage().maxRSS * kibibyte;
  }
}
