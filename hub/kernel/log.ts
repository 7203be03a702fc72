import { pino, type DestinationStream, type Logger } from 'pino';

export type Log = Logger;
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  level: LogLevel;
  /** Human-readable lines instead of JSON: for a terminal. */
  pretty?: boolean;
  /** Where lines go; stdout when not given. */
  destination?: DestinationStream;
}

/**
 * A JSON line whose readable form holds nothing that a terminal obeys: pino-pretty prints what the JSON says, so
 * the escape of a control character or a bidirectional mark is itself escaped. Line feeds and tabs stay.
 */
export function keepEscapes(line: string): string {
  return line
    .replaceAll(/\\(?:[^u]|u00[01][0-9a-f]|u007f)/gi, (escape) =>
      ['\\\\', '\\"', '\\/', '\\n', '\\t'].includes(escape) ? escape : `\\${escape}`,
    )
    .replaceAll(
      /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g,
      (mark) => `\\\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}

/** The process log: one JSON object a line. Secrets never reach it; the redaction is the second lock. */
export function createLog({ level, pretty = false, destination }: LogOptions): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['secret', 'password', '*.secret', '*.password', 'headers.authorization'],
  };
  if (destination !== undefined) return pino(options, destination);
  if (pretty)
    return pino({
      ...options,
      hooks: { streamWrite: keepEscapes },
      transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } },
    });
  return pino(options);
}
