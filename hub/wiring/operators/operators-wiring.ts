import type { BrokerAccess } from '../../adapters/broker/broker-access.ts';
import { networkOf } from '../../adapters/client-address.ts';
import type { Access } from '../../adapters/http/operator-login.ts';
import type { ApiOperations } from '../../adapters/http/routes/api-routes.ts';
import { ownOrigins } from '../../adapters/listen-address.ts';
import { createOneTimeCodes } from '../../adapters/one-time-codes.ts';
import { createCredentialOperations } from '../../admin/credential-operations.ts';
import type { Bus } from '../../bus/bus.ts';
import { isLoopback } from '../../config/rules.ts';
import type { Enrolments } from '../../identity/enrolment.ts';
import type { Rotation } from '../../identity/rotation.ts';
import { brokerRules, requestRefusal } from '../../operators/broker-rules.ts';
import { anonymousOperator, brokerSignIn } from '../../operators/broker-sign-in.ts';
import { ConsoleSessions } from '../../operators/console-sessions.ts';
import { changeRights, deviceRights } from '../../operators/device-rights.ts';
import { hasRole, localOperator } from '../../operators/operator.ts';
import { exposeOperators } from '../../operators/operator-metrics.ts';
import { Operators } from '../../operators/operators.ts';
import { SecondFactors } from '../../operators/second-factor.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { HubContext } from '../context.ts';
import { keepSaving } from '../saving.ts';
import { followOtherHubs } from './other-hubs-wiring.ts';
import { createSignIn } from './sign-in-wiring.ts';
import type { HubState } from '../state-wiring.ts';

const expiryCheckMs = 1_000;
const sessionSaveMs = 60_000;

interface Deps {
  state: HubState;
  registry: Registry;
  sessions: Sessions;
  identity: { enrolments: Enrolments; rotation: Rotation };
  /** Its clients are signed out when the rights of their account or token have changed. */
  bus: Pick<Bus, 'signOut'>;
}

export interface OperatorParts {
  /** To the admin listener. */
  access: Access;
  /** To the embedded broker. */
  broker: BrokerAccess;
  /** To the operators' API. */
  operations: Pick<ApiOperations, 'audit' | 'credentials' | 'enrolments' | 'operators'>;
  /** The code that makes the first admin; undefined when there is an account. */
  firstLogin: string | undefined;
}

/** People and programs that may sign in, and what each may do, on each interface. */
export async function startOperators(
  hub: HubContext,
  { state, registry, sessions, identity, bus }: Deps,
): Promise<OperatorParts> {
  const { config, clock, log, metrics, releasers } = hub;
  const { audit, stores } = state;
  const logins = new ConsoleSessions({
    store: stores.consoleSessions,
    clock,
    log,
    shared: state.shared !== undefined,
  });
  const factors = new SecondFactors({ clock, codes: createOneTimeCodes('Device hub') });
  const operators = new Operators({
    factors,
    store: stores.operators,
    clock,
    audit,
    changed: (actor) => {
      logins.closeAll(actor);
      bus.signOut(actor);
    },
  });
  await operators.load();
  await logins.load((actor) => operators.grantOf(actor));
  keepSaving(hub, 'console sessions', logins, sessionSaveMs);
  releasers.push(
    'expiry of tokens',
    clock.every(expiryCheckMs, () => operators.tokens.closeExpired()),
  );

  exposeOperators(metrics, { operators, logins });
  const recordOf = (deviceId: string) => registry.get(deviceId);
  const maySet = changeRights(recordOf, 'config');
  const mayUpdate = changeRights(recordOf, 'critical');
  const mayTouch = deviceRights({ recordOf, typeOf: (deviceId) => sessions.typeOf(deviceId) });
  const { root } = config.mqtt;
  const onLoopback = isLoopback(config.brokerListen.host);
  const signIn = brokerSignIn(operators, anonymousOperator(config.brokerAnonymous, onLoopback));
  return {
    access: {
      operators,
      sessions: logins,
      otherHubs: state.shared && followOtherHubs(hub, { operators, logins }),
      ...createSignIn(hub, operators, factors),
      audit,
      hasRole,
      mayTouch,
      maySet,
      mayUpdate,
      local: localOperator,
      origins: (port) => [...ownOrigins(config.adminListen.host, port), ...config.adminOrigins],
    },
    broker: {
      ...brokerRules(root, (deviceId) => recordOf(deviceId) !== undefined, mayTouch, maySet),
      requestRefused: ({ actor }, topic) => audit.refused(actor, requestRefusal(root, actor, topic)),
      signIn: (username, password, address) => signIn(username, password, networkOf(address)),
    },
    operations: {
      audit: (query) => audit.list(query),
      credentials: createCredentialOperations({ registry, clock, rotation: identity.rotation }),
      enrolments: identity.enrolments,
      operators: { accounts: operators, logins },
    },
    firstLogin: operators.openFirstLogin(),
  };
}
