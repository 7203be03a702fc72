import type {
  CredentialSummary,
  NewSecret,
  RotatingDevice,
  Validity,
} from '../../schemas/api/credentials.ts';
import { HubError } from '../kernel/errors.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import {
  maxActiveOfKind,
  newKeyCredential,
  newSecretCredential,
  type Credential,
} from '../registry/credentials.ts';
import type { Registry } from '../registry/registry.ts';
import type { Rotation } from '../identity/rotation.ts';

/** What operators do with the identities of devices. All throw HubError `device-unknown`. */
export interface CredentialOperations {
  listCredentials(deviceId: string): Promise<readonly CredentialSummary[]>;
  /** @throws HubError `input-invalid` when the device has two secrets */
  addSecret(deviceId: string, validity: Validity): Promise<NewSecret>;
  /** @param publicKey PEM, ECDSA P-256 or Ed25519 @throws HubError `input-invalid` */
  addKey(deviceId: string, publicKey: string, validity: Validity): Promise<CredentialSummary>;
  /** Sessions opened with it end with 4403. @throws HubError `credential-unknown` */
  revokeCredential(deviceId: string, credentialId: string): Promise<void>;
  /** A disabled device is refused, and its sessions end with 4403, until it is enabled. */
  setDisabled(deviceId: string, disabled: boolean): Promise<void>;
  /** Gives the devices new secrets once they are connected; see `Rotation`. */
  rotate(deviceIds: readonly string[]): Promise<void>;
  /** Devices whose rotation is not done. */
  rotating(): Promise<readonly RotatingDevice[]>;
}

export function createCredentialOperations(deps: {
  registry: Registry;
  clock: Clock;
  rotation: Pick<Rotation, 'request' | 'due'>;
}): CredentialOperations {
  const { registry, clock, rotation } = deps;

  function checkRoom(credentials: readonly Credential[], kind: Credential['kind']): void {
    const now = clock.now();
    const same = credentials.filter(
      (one) => one.kind === kind && one.state === 'active' && (one.notAfterMs ?? Infinity) > now,
    );
    if (same.length < maxActiveOfKind) return;
    const ids = same.map(({ id }) => id);
    const note = `the device has ${maxActiveOfKind} of kind ${kind} (${ids.join(', ')}); revoke one first`;
    throw new HubError('input-invalid', note, { details: { name: 'credential', ids } });
  }

  async function add(deviceId: string, credential: Credential): Promise<void> {
    await registry.changeCredentials(deviceId, (credentials) => {
      checkRoom(credentials, credential.kind);
      const now = clock.now();
      // Expired ones make room; otherwise the list would grow forever.
      return [...credentials.filter(({ notAfterMs }) => (notAfterMs ?? Infinity) > now), credential];
    });
  }

  return {
    listCredentials: async (deviceId) => (await registry.found(deviceId)).credentials.map(summary),
    async addSecret(deviceId, validity) {
      checkValidity(validity, clock.now());
      const { secret, credential } = newSecretCredential(clock.now(), validity);
      await add(deviceId, credential);
      return { id: credential.id, secret };
    },
    async addKey(deviceId, publicKey, validity) {
      checkValidity(validity, clock.now());
      const credential = newKeyCredential(publicKey, clock.now(), validity);
      await add(deviceId, credential);
      return summary(credential);
    },
    async revokeCredential(deviceId, credentialId) {
      await registry.changeCredentials(deviceId, (credentials) => {
        const left = credentials.filter(({ id }) => id !== credentialId);
        if (left.length === credentials.length) {
          throw new HubError('credential-unknown', credentialId, { details: { id: credentialId } });
        }
        return left;
      });
    },
    setDisabled: (deviceId, disabled) => registry.setDisabled(deviceId, disabled),
    rotate: (deviceIds) => rotation.request(deviceIds),
    rotating: () => Promise.resolve(rotation.due()),
  };
}

function summary(credential: Credential): CredentialSummary {
  const { material: _, ...rest } = credential;
  return rest;
}

function checkValidity({ notBeforeMs, notAfterMs }: Validity, nowMs: number): void {
  if (notAfterMs !== undefined && notAfterMs <= Math.max(notBeforeMs ?? 0, nowMs)) {
    const note = 'notAfterMs must be in the future, and after notBeforeMs';
    throw new HubError('input-invalid', note, { details: { name: 'notAfterMs', got: notAfterMs } });
  }
}
