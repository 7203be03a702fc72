import type { Bench } from './bench.ts';
import type { CertificateKind } from './check-certificates.ts';

/** One requirement for devices from the description of the protocol. */
export interface Check {
  /** `group/name` */
  id: string;
  /** What a correct device does. */
  title: string;
  /** For a check of TLS: the certificate of the hub. */
  certificate?: CertificateKind;
  /** @throws CheckFault when the device fails, NotApplicable when the check does not apply to it */
  run: (bench: Bench) => Promise<void>;
}

/** The device did something wrong, or failed to do something. */
export class CheckFault extends Error {
  override readonly name = 'CheckFault';
}

/** The check does not apply to the device, for example because it has no commands. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** @throws CheckFault */
export function demand(right: boolean, otherwise: string): asserts right {
  if (!right) throw new CheckFault(otherwise);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Waits for the promise. @throws CheckFault when it takes longer */
export async function within<Value>(ms: number, promise: Promise<Value>, otherwise: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CheckFault(`${otherwise} within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
