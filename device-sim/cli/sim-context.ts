import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { parseCredentials, type Credential } from '../device/credentials.ts';
import type { Output } from './status-line.ts';

/** The parts of the process that a sub-command may use. */
export interface CliContext {
  stdout: Output;
  stderr: Output;
  /** Everything on stdin. */
  readStdin: () => Promise<string>;
  /** Resolves at the next line of stdin. */
  readLine: () => Promise<void>;
  env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C or SIGTERM. */
  stopped: AbortSignal;
  /** Set by the sub-command; the process exits with it. */
  exit: (code: number) => void;
}

export const exitCodes = {
  ok: 0,
  /** Something was rejected or skipped, or a check failed. */
  incomplete: 1,
  /** Wrong arguments, an unreadable file, or a hub that does not accept the device. */
  cannot: 2,
  /** Ctrl-C (128 + SIGINT). */
  interrupted: 130,
} as const;

/** A mistake of the caller; its message is enough to correct it. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault';
}

export interface ConnectOptions {
  url: string;
  ca?: string | undefined;
}

/** The options of everything that connects. */
export function addConnectOptions(command: Command): Command {
  return command
    .requiredOption('--url <url>', 'device address of the hub, e.g. wss://localhost:8443/v1/device', parseUrl)
    .option(
      '--ca <file>',
      "the hub's CA, PEM (a hub without a certificate of yours: tls/ca.crt in its data folder)",
    );
}

/** The CA as text. @throws UsageFault */
export function readCa(file: string | undefined): { ca?: string } {
  if (file === undefined) return {};
  try {
    return { ca: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new UsageFault(`--ca ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** From the file, or stdin. @throws UsageFault */
export async function readCredentials(
  file: string | undefined,
  { readStdin }: CliContext,
): Promise<Credential[]> {
  try {
    return parseCredentials(file === undefined ? await readStdin() : await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageFault(`${file ?? 'stdin'}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'wss:' && url?.protocol !== 'ws:') {
    throw new InvalidArgumentError('It must begin with wss:// (or ws:// on loopback).');
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('It must not contain credentials; use --id and --secret.');
  }
  return text;
}

/** A number above 0, for seconds. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}

/** Resolves after the time, or immediately when stopped. Without a time it resolves only when stopped. */
export function untilStopped(stopped: AbortSignal, durationSec?: number): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) {
      resolve();
      return;
    }
    const timer = durationSec === undefined ? undefined : setTimeout(resolve, durationSec * 1000);
    stopped.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
