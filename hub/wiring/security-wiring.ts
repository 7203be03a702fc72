import type { Operator } from '../../schemas/api/operators.ts';
import type { BrokerAccess } from '../adapters/broker/broker-access.ts';
import { networkOf } from '../adapters/client-address.ts';
import { createEnrolmentStore } from '../adapters/sqlite/sqlite-enrolment-store.ts';
import type { Access } from '../adapters/http/operator-login.ts';
import type { AuditOperations } from '../adapters/http/audit-routes.ts';
import { formatAddress } from '../adapters/listen-address.ts';
import type { SecurityOperations } from '../adapters/http/security-routes.ts';
import { createOperatorStore } from '../adapters/sqlite/sqlite-operator-store.ts';
import type { Database } from '../adapters/sqlite/sqlite.ts';
import type { Audit } from '../audit/audit.ts';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/rules.ts';
import { createCredentialOperations } from '../admin/credential-operations.ts';
import { Enrolments } from '../identity/enrolment.ts';
import type { Registry } from '../registry/registry.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Rotation } from '../identity/rotation.ts';
import type { Releasers } from '../kernel/releasers.ts';
import type { Clock } from '../kernel/time.ts';
import { brokerRules } from '../operators/broker-rules.ts';
import { ConsoleSessions, csrfHolds } from '../operators/console-sessions.ts';
import { hasRole, localOperator, mayCommand, reaches } from '../operators/operator.ts';
import { Operators } from '../operators/operators.ts';

const expiryCheckMs = 1_000;

export interface SecurityDeps {
  state: Database;
  registry: Registry;
  sessions: Sessions;
  rotation: Rotation;
  audit: Audit;
  clock: Clock;
  config: Config;
  releasers: Releasers;
  /** The rights of an account or token have changed: what it has open elsewhere ends. */
  signOut: (actor: string) => void;
}

/** Operators, enrolment and credentials, joined to the doors that ask for them. */
export async function openSecurity(deps: SecurityDeps): Promise<{
  access: (adminPort: () => number) => Access;
  broker: BrokerAccess;
  operations: SecurityOperations & AuditOperations;
  enrolments: Enrolments;
  /** The code that makes the first admin; undefined when there is an account. */
  firstLogin: string | undefined;
}> {
  const { state, registry, sessions, rotation, audit, clock, config, releasers } = deps;
  const logins = new ConsoleSessions(clock);
  const operators = new Operators({
    store: createOperatorStore(state),
    clock,
    audit,
    changed: (actor) => {
      logins.closeAll(actor);
      deps.signOut(actor);
    },
  });
  await operators.load();
  releasers.push(
    'expiry of tokens',
    clock.every(expiryCheckMs, () => operators.closeExpired()),
  );
  const enrolments = new Enrolments({
    store: createEnrolmentStore(state),
    registry,
    clock,
    audit,
  });
  await enrolments.load();

  function mayTouch(operator: Operator, deviceId: string, command?: string): boolean {
    const record = registry.get(deviceId);
    // Nobody's device: whoever reaches all may learn that it does not exist.
    if (record === undefined) return operator.devices === '*';
    if (command === undefined) return reaches(operator, record);
    const definition = sessions.typeOf(deviceId)?.commands.get(command);
    // A command the type does not have is refused behind the door, with words.
    return mayCommand(operator, record, definition?.safety ?? 'observe');
  }

  const anonymous = anonymousOf(config);
  const broker: BrokerAccess = {
    ...brokerRules(config.mqtt.root, (id) => registry.get(id) !== undefined, mayTouch),
    requestRefused: ({ actor }, topic) =>
      audit.refused(actor, {
        actor,
        origin: 'mqtt',
        action: topic.startsWith(`${config.mqtt.root}/command/`) ? 'command.send' : 'publish',
        subject: topic,
        details: { reason: 'forbidden' },
      }),
    async signIn(username, password, address) {
      if (username === undefined && password === '') return anonymous;
      const byToken = operators.byToken(password);
      if (byToken !== undefined) return byToken;
      const login = await operators.login(username ?? '', password, networkOf(address), 'mqtt');
      return login.kind === 'operator' ? login.operator : undefined;
    },
  };
  return {
    access: (adminPort) => ({
      operators,
      sessions: logins,
      audit,
      csrfHolds,
      hasRole,
      mayTouch,
      local: localOperator,
      origins: () => [...ownOrigins(config, adminPort()), ...config.adminOrigins],
    }),
    broker,
    enrolments,
    operations: {
      audit: (query) => audit.list(query),
      credentials: createCredentialOperations({ registry, clock, rotation }),
      enrolments,
      operators,
    },
    firstLogin: operators.openFirstLogin(),
  };
}

/** Clients of the embedded broker without a user name, as the configuration has them. */
function anonymousOf({ brokerListen, brokerAnonymous }: Config): Operator | undefined {
  const role = brokerAnonymous ?? (isLoopback(brokerListen.host) ? 'operator' : 'off');
  return role === 'off' ? undefined : { actor: 'anonymous', role, devices: '*', safety: 'critical' };
}

/** The addresses a browser on this machine may use for the admin listener. */
function ownOrigins({ adminListen }: Config, port: number): string[] {
  const hosts = new Set([adminListen.host]);
  const everywhere = adminListen.host === '0.0.0.0' || adminListen.host === '::';
  if (everywhere || isLoopback(adminListen.host))
    for (const host of ['localhost', '127.0.0.1', '::1']) hosts.add(host);
  return [...hosts].map((host) => `http://${formatAddress({ host, port })}`);
}
