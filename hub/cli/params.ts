/** Parsers of options that carry values of a command. */

import { InvalidArgumentError } from 'commander';
import { HubError, messageOf } from '../kernel/errors.ts';
import { parseJson } from './json-value.ts';

/** Adds `key=value` to the parameters so far; values are parsed as JSON if possible, and are text otherwise. */
export function parseParam(
  text: string,
  before: Record<string, unknown> | undefined = {},
): Record<string, unknown> {
  const [, key, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || key === '__proto__') {
    throw new InvalidArgumentError('It must be key=value, for example seconds=10.');
  }
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`${key} is given twice.`);
  return { ...before, [key]: readValue(value) };
}

/** All parameters of one command. @throws HubError `input-invalid` for one that both give */
export function joinParams(
  params: Readonly<Record<string, unknown>> = {},
  param: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const twice = Object.keys(param).find((key) => Object.hasOwn(params, key));
  if (twice !== undefined) {
    throw new HubError('input-invalid', `${twice} is given twice, by --params and by --param`);
  }
  return { ...params, ...param };
}

function readValue(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** A JSON object. */
export function parseObject(text: string): Record<string, unknown> {
  const value = readValue(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('It must be a JSON object.');
  }
  return { ...value };
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `30s`, `5m`, `1h`, `2d` → ms. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit ?? ''] ?? Number.NaN);
  if (!(ms <= 30 * 86_400_000))
    throw new InvalidArgumentError('It must be a duration such as 30s, 5m or 1h, at most 30d.');
  return ms;
}
