import type { FastifyInstance } from 'fastify';

/**
 * Which methods a path has (RFC 9110 §15.5.6 demands them of a 405). Call it before the routes are added.
 * @returns the methods of a path as it came, percent-encoding and all; empty where there is nothing at all
 */
export function collectMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const routes: { segments: readonly string[]; methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    // The console's page is at every path, which says nothing of the path.
    if (!url.endsWith('*')) routes.push({ segments: url.split('/'), methods: [method].flat() });
  });
  return (path) => {
    const asked = path.split('/').map(decoded);
    const found = routes.filter(({ segments }) => matches(segments, asked)).flatMap(({ methods }) => methods);
    return [...new Set(found)].toSorted();
  };
}

function matches(segments: readonly string[], asked: readonly string[]): boolean {
  return (
    segments.length === asked.length &&
    segments.every((segment, at) => (segment.startsWith(':') ? asked[at] !== '' : segment === asked[at]))
  );
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not encoded as text: no route is called so.
    return segment;
  }
}
