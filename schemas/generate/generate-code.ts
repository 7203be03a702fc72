import type { DeviceType } from '../device-type.ts';
import { cCode } from './c-code.ts';
import type { GeneratedFile } from './generated-file.ts';
import { markdownPage } from './markdown-page.ts';
import { pythonCode } from './python-code.ts';
import { typescriptCode } from './typescript-code.ts';

const generators = {
  c: cCode,
  python: pythonCode,
  typescript: typescriptCode,
  markdown: markdownPage,
} as const satisfies Record<string, (type: DeviceType) => GeneratedFile[]>;

export type CodeLanguage = keyof typeof generators;

export const codeLanguages = Object.keys(generators) as readonly CodeLanguage[];

/** Code for firmware, or a page for people, from a device type. The same type always gives the same text. */
export function generateCode(language: CodeLanguage, type: DeviceType): GeneratedFile[] {
  return generators[language](type);
}
