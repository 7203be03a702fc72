import { namePattern } from '../../schemas/index.ts';
import { matchSecret, parseBasic, parseBearer, type Credential } from '../registry/credentials.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import { readDeviceToken, verifyDeviceToken, type UnprovenToken } from './device-token.ts';

/** Who a connection is, whatever it was proved with. */
export interface Principal {
  deviceId: string;
  by: 'secret' | 'token' | 'certificate';
  /** Of the device's credentials; `certificate` when the certificate authority vouches for it. */
  credentialId: string;
  /** When the proof ends, Unix ms: the session is closed with 4401. */
  expiresMs?: number | undefined;
}

/** What a connection brings to prove who it is. */
export interface Proof {
  /** The header of the upgrade request: Basic (RFC 7617) or Bearer (RFC 6750). */
  authorization?: string | undefined;
  /** A client certificate that was verified against the configured authority. */
  certificate?: { names: readonly string[]; notAfterMs: number } | undefined;
}

/** Who asks to connect. */
export type Authentication =
  | { kind: 'device'; record: DeviceRecord; principal: Principal }
  /** Unknown id or wrong proof: one answer for both. `claimedId`: what it said it was. */
  | { kind: 'denied'; claimedId?: string | undefined }
  | { kind: 'disabled'; record: DeviceRecord };

/** Whom a proof names, before anything is known of that device. */
export interface Claim {
  /** Undefined: it names no device, or has not the form of a proof. */
  deviceId: string | undefined;
  header?: { basic: { id: string; secret: string } | undefined } | { token: UnprovenToken | undefined };
  /** The device that the certificate names. */
  certified: string | undefined;
  notAfterMs: number | undefined;
}

/** The first step: reads whom the proof names, whose record is needed to judge it. */
export function claimOf({ authorization, certificate }: Proof, nowMs: number): Claim {
  const certified = deviceOf(certificate?.names ?? []);
  const notAfterMs = certificate?.notAfterMs;
  if (authorization === undefined) return { deviceId: certified, certified, notAfterMs };
  const text = parseBearer(authorization);
  if (text !== undefined) {
    const token = readDeviceToken(text, nowMs);
    return { deviceId: token?.deviceId, header: { token }, certified, notAfterMs };
  }
  const basic = parseBasic(authorization);
  return { deviceId: basic?.id, header: { basic }, certified, notAfterMs };
}

/**
 * The second step: judges a proof against what is known of the device it names. A header is judged whenever there is
 * one: a certificate beside it must then be the same device's. A disabled device learns that only once it has proved who
 * it is.
 * @param record of the device that the claim names; undefined when there is none
 */
export function judgeClaim(claim: Claim, record: DeviceRecord | undefined, nowMs: number): Authentication {
  const { header, certified } = claim;
  const principal =
    header === undefined
      ? certificatePrincipal(claim)
      : headerPrincipal(header, record?.credentials ?? [], nowMs);
  const named = header !== undefined && 'basic' in header ? header.basic?.id : undefined;
  const denied: Authentication = { kind: 'denied', claimedId: principal?.deviceId ?? named ?? certified };
  if (principal === undefined || record === undefined) return denied;
  if (certified !== undefined && certified !== principal.deviceId) return denied;
  return record.disabled ? { kind: 'disabled', record } : { kind: 'device', record, principal };
}

function headerPrincipal(
  header: NonNullable<Claim['header']>,
  credentials: readonly Credential[],
  nowMs: number,
): Principal | undefined {
  if ('token' in header) {
    const verified = header.token && verifyDeviceToken(header.token, credentials, nowMs);
    return verified && { by: 'token', ...verified };
  }
  const { basic } = header;
  // Compared even when there is nothing to compare, so that each refusal costs the same.
  const credential = matchSecret(basic?.secret ?? '', credentials, nowMs);
  if (basic === undefined || credential === undefined) return undefined;
  return {
    deviceId: basic.id,
    by: 'secret',
    credentialId: credential.id,
    expiresMs: credential.notAfterMs,
  };
}

function certificatePrincipal({ certified, notAfterMs }: Claim): Principal | undefined {
  if (certified === undefined) return undefined;
  return { deviceId: certified, by: 'certificate', credentialId: 'certificate', expiresMs: notAfterMs };
}

/** A certificate speaks for one device: exactly one of its names has the form of a device id. */
function deviceOf(names: readonly string[]): string | undefined {
  const ids = names.filter((name) => namePattern.test(name));
  return ids.length === 1 ? ids[0] : undefined;
}
