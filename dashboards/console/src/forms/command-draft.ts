import { emptyObject, type CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { defaultTtlSec } from './command-words.ts';
import { checkParams } from './params-check.ts';
import { draftOf, type Draft } from './params-draft.ts';
import { readTimeToLive, writeTimeToLive } from './time-to-live.ts';

/** What is typed into the form of a command. */
export interface CommandDraft {
  readonly params: Draft;
  readonly ttl: string;
}

/** The place of the time to live among the faults: no pointer into params, which begin with `/`. */
export const ttlPath = 'ttl';

export interface CheckedCommand {
  readonly params: Readonly<Record<string, unknown>>;
  /** Undefined while it cannot be read. */
  readonly ttlMs: number | undefined;
  readonly faults: readonly FieldError[];
}

/** @param params of an earlier command that is to be sent again */
export function newCommandDraft(definition: CommandDefinition, params?: unknown): CommandDraft {
  return {
    params: draftOf(definition.params ?? emptyObject, params, true),
    ttl: writeTimeToLive(definition.ttlSec ?? defaultTtlSec),
  };
}

/** What would be sent, and what is wrong with it. */
export function checkCommand(definition: CommandDefinition, draft: CommandDraft): CheckedCommand {
  const { params, faults } = checkParams(definition.params ?? emptyObject, draft.params);
  const ttl = readTimeToLive(draft.ttl);
  if (ttl.kind === 'ok') return { params, faults, ttlMs: Math.round(ttl.sec * 1000) };
  const fault = { path: ttlPath, keyword: 'format', expected: ttl.expected, got: JSON.stringify(draft.ttl) };
  return { params, faults: [...faults, fault], ttlMs: undefined };
}
