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
    return pino({ ...options, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } });
  return pino(options);
}
