import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { stopWithinMs } from '../../../hub/cli/commands/start-command.ts';
import { readConfig } from '../../../hub/config/config.ts';

/** The manifests of a cluster, against the schemas of Kubernetes and against what the hub reads; no cluster runs here to try them. */

const text = readFileSync(new URL('../../../packaging/cluster/kubernetes.yaml', import.meta.url), 'utf8');
const kinds = { ConfigMap, PodDisruptionBudget, Service, StatefulSet };

interface Manifest {
  apiVersion: string;
  kind: keyof typeof kinds;
  metadata: { name: string };
}

const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);

function validate(manifest: Manifest): void {
  const model = new kinds[manifest.kind](manifest);
  model.validate();
  assert.equal(manifest.apiVersion, model.apiVersion);
}

const only = <Kind extends keyof typeof kinds>(kind: Kind): InstanceType<(typeof kinds)[Kind]> =>
  manifests.find((manifest) => manifest.kind === kind) as never;

test('every manifest is one of Kubernetes, by its schema', () => {
  assert.equal(manifests.length, 6);
  for (const manifest of manifests) validate(manifest);
  const wrong = structuredClone(only('StatefulSet')) as unknown as { spec: { replicas: unknown } };
  wrong.spec.replicas = 'three';
  assert.throws(() => validate(wrong as never), /replicas/);
});

test('each hub starts with what it is given, and reads its passwords and its certificate where they are mounted', () => {
  const read: string[] = [];
  const { config, warnings } = readConfig({
    env: { HUB_DATA_DIR: '/var/lib/device-hub', ...only('ConfigMap').data },
    cwd: '/app',
    isCron: () => true,
    readFile: (path) => {
      read.push(path);
      return 'x';
    },
  });
  assert.deepEqual(
    warnings.filter((warning) => !warning.includes('plain text')),
    [],
  );
  const [container] = only('StatefulSet').spec?.template.spec?.containers ?? [];
  const mounts = container?.volumeMounts?.map(({ mountPath }) => mountPath) ?? [];
  for (const path of read)
    assert.ok(
      mounts.some((mount) => path.startsWith(`${mount}/`)),
      path,
    );
  assert.equal(read.length, 3);
  const ports = container?.ports?.map(({ containerPort }) => containerPort);
  assert.deepEqual(ports, [config.deviceListen.port, config.adminListen.port, config.peer.listen.port]);
  for (const probe of [container?.startupProbe, container?.livenessProbe, container?.readinessProbe]) {
    const host = probe?.httpGet?.httpHeaders?.find(({ name }) => name === 'Host')?.value;
    assert.ok(config.adminOrigins.includes(`http://${host}`), host);
  }
});

test('a hub has the time for its drain, and its volume comes back with it', () => {
  const { spec } = only('StatefulSet');
  const pod = spec?.template.spec;
  const beforeSec = pod?.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0;
  assert.ok((pod?.terminationGracePeriodSeconds ?? 0) > beforeSec + stopWithinMs / 1000);
  const claims = spec?.volumeClaimTemplates?.map(({ metadata }) => metadata?.name);
  assert.deepEqual(claims, ['data']);
  assert.equal(
    pod?.containers[0]?.volumeMounts?.find(({ name }) => name === 'data')?.mountPath,
    '/var/lib/device-hub',
  );
});
