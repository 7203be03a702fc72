import { dirname } from 'node:path';
import type { Fault } from './fault.ts';
import { importsAmong, type ImportEdge } from './import-graph.ts';
import type { ParsedSource } from './parsed-source.ts';

const wayOut = 'move what both need below them, or declare the interface where it is needed';

/** Neither files nor folders of `hub/` take from each other in a circle; types count as values do. */
export function importCircles(sources: readonly ParsedSource[]): Fault[] {
  const files = importsAmong(sources.filter(({ path }) => path.startsWith('hub/')));
  return [...circles(files, 'file', (path) => path), ...circles(files, 'folder', dirname)];
}

/** Each circle once, by its shortest way round, at the import that begins it. */
function circles(edges: readonly ImportEdge[], what: string, nodeOf: (path: string) => string): Fault[] {
  const next = new Map<string, Map<string, ImportEdge>>();
  for (const edge of edges) {
    const [from, to] = [nodeOf(edge.from), nodeOf(edge.to)];
    if (from === to) continue;
    const outward = next.get(from) ?? new Map<string, ImportEdge>();
    next.set(from, outward);
    if (!outward.has(to)) outward.set(to, edge);
  }
  const reported = new Set<string>();
  const faults: Fault[] = [];
  for (const start of [...next.keys()].toSorted()) {
    if (reported.has(start)) continue;
    const round = wayBack(start, (node) => [...(next.get(node)?.keys() ?? [])]);
    const edge = next.get(start)?.get(round?.[1] ?? '');
    if (round === undefined || edge === undefined) continue;
    for (const node of round) reported.add(node);
    const message = `is in a circle of ${what}s, ${round.join(' → ')}: ${wayOut}`;
    faults.push({ path: edge.from, line: edge.line, message });
  }
  return faults;
}

/** The shortest way from a node over others back to itself. */
function wayBack(start: string, next: (node: string) => readonly string[]): string[] | undefined {
  const seen = new Set<string>();
  const ways = [[start]];
  for (const way of ways) {
    for (const node of next(way.at(-1) ?? start)) {
      if (node === start) return [...way, start];
      if (seen.has(node)) continue;
      seen.add(node);
      ways.push([...way, node]);
    }
  }
  return undefined;
}
