import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApiDocument } from '../../../schemas/api/document/openapi.ts';
import { restatedShapes } from '../../house/declared-shapes.ts';
import { parseSource } from '../../house/parsed-source.ts';
import type { ApiDocument } from '../../helpers/openapi-client/document-check.ts';

/** A type of the API stands once, in schemas/api. */

const root = join(import.meta.dirname, '../../..');

function resources(): Map<string, string[]> {
  const { components } = JSON.parse(JSON.stringify(openApiDocument())) as ApiDocument;
  return new Map(
    Object.entries(components.schemas).map(([name, schema]) => [
      name,
      Object.keys('properties' in schema ? (schema.properties as object) : {}),
    ]),
  );
}

test('no interface of hub, command line, console or simulator declares an answer of the API again', () => {
  const paths = globSync('{hub,device-sim,dashboards/console/src}/**/*.{ts,tsx}', { cwd: root });
  assert.ok(paths.length > 300);
  const sources = paths.map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
  assert.deepEqual(restatedShapes(sources, resources()), []);
});

test('an answer that is declared again is named, whichever way it is written', () => {
  const planted = `
    interface Letter { readonly id: number; account: string; line: string; reason?: string; refusedMs: number }
    type Listed = { letters: { id: number; account: string; line: string; reason: string; 'refusedMs': number }[] };
    interface Part { id: number; account: string; line: string; reason: string }
    interface Base { readonly id: number; readonly account: string }
    interface Extended extends Base { line: string; reason: string; refusedMs: number }
    interface Removed extends Far { reason: string; refusedMs: number }
    interface Own { id: number; account: string; line: string; reason: string; colour: string }
    interface Few { id: number; account: string; line: string }
    interface Asked { id: number; account: string; line: string; reason: string; refused(): void }
    interface Derived extends Pick<Letter, 'id' | 'account'> { line: string; reason: string; refusedMs: number }
  `;
  const far = 'export interface Away { id: number; account: string; line: string }';
  const faults = restatedShapes(
    [
      parseSource('hub/planted.ts', `import type { Away as Far } from './far/away.ts';${planted}`),
      parseSource('hub/far/away.ts', far),
    ],
    resources(),
  );
  const whole = 'declares DeadLetter of schemas/api again: take its type';
  assert.deepEqual(
    faults.map(({ line, message }) => [line, message]),
    [
      [2, whole],
      [3, whole],
      [4, 'declares 4 of the 5 members of DeadLetter of schemas/api again: derive it by Pick or Omit'],
      [6, whole],
      [7, whole],
    ],
  );
});
