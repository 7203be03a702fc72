import type { Bench } from './bench.ts';
import type { CertificateKind } from './check-certificates.ts';

/** One thing that a device must do, as the protocol's page says it. */
export interface Check {
  /** `group/name` */
  id: string;
  /** What a right device does, as a sentence. */
  title: string;
  /** It is about TLS, with this certificate of the hub. */
  certificate?: CertificateKind;
  /** @throws CheckFault when the device does otherwise, NotApplicable when the check does not concern it */
  run: (bench: Bench) => Promise<void>;
}

/** The device did something else than it must. */
export class CheckFault extends Error {
  override readonly name = 'CheckFault';
}

/** The device has nothing to which the check applies, such as commands. */
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

/** The promise, or a fault when it takes longer. @throws CheckFault */
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
