import { namePattern } from '../../schemas/index.ts';
import { matchSecret, parseBasic, parseBearer, type Credential } from '../registry/credentials.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import { verifyDeviceToken } from './device-token.ts';

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

/**
 * Judges a proof against what is known of the device. A header is judged whenever there is one: a certificate
 * beside it must then be the same device's. A disabled device learns that only once it has proved who it is.
 */
export function authenticate(
  proof: Proof,
  recordOf: (deviceId: string) => DeviceRecord | undefined,
  nowMs: number,
): Authentication {
  const certified = deviceOf(proof.certificate?.names ?? []);
  const principal =
    proof.authorization === undefined
      ? certificatePrincipal(certified, proof)
      : headerPrincipal(proof.authorization, recordOf, nowMs);
  const claimedId = principal?.deviceId ?? parseBasic(proof.authorization)?.id ?? certified;
  const denied: Authentication = {
    kind: 'denied',
    claimedId,
  };
  if (principal === undefined) return denied;
  if (certified !== undefined && certified !== principal.deviceId) return denied;
  const record = recordOf(principal.deviceId);
  if (record === undefined) return denied;
  return record.disabled ? { kind: 'disabled', record } : { kind: 'device', record, principal };
}

function headerPrincipal(
  authorization: string,
  recordOf: (deviceId: string) => DeviceRecord | undefined,
  nowMs: number,
): Principal | undefined {
  const credentialsOf = (id: string): readonly Credential[] => recordOf(id)?.credentials ?? [];
  const token = parseBearer(authorization);
  if (token !== undefined) {
    const verified = verifyDeviceToken(token, credentialsOf, nowMs);
    return verified === undefined ? undefined : { by: 'token', ...verified };
  }
  const basic = parseBasic(authorization);
  const credential = matchSecret(basic?.secret ?? '', credentialsOf(basic?.id ?? ''), nowMs);
  if (basic === undefined || credential === undefined) return undefined;
  return {
    deviceId: basic.id,
    by: 'secret',
    credentialId: credential.id,
    expiresMs: credential.notAfterMs,
  };
}

function certificatePrincipal(deviceId: string | undefined, { certificate }: Proof): Principal | undefined {
  if (deviceId === undefined || certificate === undefined) return undefined;
  return { deviceId, by: 'certificate', credentialId: 'certificate', expiresMs: certificate.notAfterMs };
}

/** A certificate speaks for one device: exactly one of its names has the form of a device id. */
function deviceOf(names: readonly string[]): string | undefined {
  const ids = names.filter((name) => namePattern.test(name));
  return ids.length === 1 ? ids[0] : undefined;
}
