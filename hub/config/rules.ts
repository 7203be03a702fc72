/** The rules that join several configuration values; the schema holds the rules of each alone. */

import { isIP } from 'node:net';
import { readRoleRule } from '../../schemas/api/roles.ts';
import type { ListenAddress } from '../kernel/listener-address.ts';
import { placelessOrigins, type ConfigName, type ConfigValues } from '../../schemas/config.ts';

/** `host:port` or `[ipv6]:port`, as the schema has checked it. */
export function parseListen(text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** True for addresses that only this machine reaches (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

export interface RuleFault {
  name: ConfigName;
  rule: string;
}

type Values = Partial<ConfigValues>;

/**
 * Checks what is there: a value that failed its own check is left out by the caller and disturbs no rule.
 * @param given whether the operator set the name, in the file or in the environment
 */
export function crossFaults(
  values: Values,
  given: (name: ConfigName) => boolean,
  isCron: (expression: string) => boolean,
): RuleFault[] {
  return [
    ...tlsFaults(values),
    ...credentialFaults(values, given),
    ...noticeFaults(values, given, isCron),
    ...urlFaults(values),
    ...listenFaults(values),
    ...brokerFaults(values),
    ...stateFaults(values, given),
    ...oidcFaults(values, given),
  ];
}

function tlsFaults(values: Values): RuleFault[] {
  const faults: RuleFault[] = [];
  const { tls, tlsCert, tlsKey, tlsClientCa, deviceListen } = values;
  if (tls === 'off' && deviceListen !== undefined && !isLoopback(parseListen(deviceListen).host)) {
    faults.push({
      name: 'tls',
      rule: `off only while devices connect on a loopback address, and ${deviceListen} is none; behind a TLS proxy say terminated`,
    });
  }
  if (tls !== undefined) {
    for (const [name, file] of [
      ['tlsCert', tlsCert],
      ['tlsKey', tlsKey],
      ['tlsClientCa', tlsClientCa],
    ] as const) {
      if (file !== undefined) faults.push({ name, rule: `absent while TLS is ${tls}` });
    }
  } else {
    if (tlsCert !== undefined && tlsKey === undefined) {
      faults.push({ name: 'tlsKey', rule: 'given together with the certificate' });
    }
    if (tlsKey !== undefined && tlsCert === undefined) {
      faults.push({ name: 'tlsCert', rule: 'given together with the key' });
    }
  }
  return faults;
}

function credentialFaults(values: Values, given: (name: ConfigName) => boolean): RuleFault[] {
  const faults: RuleFault[] = [];
  // A username that is given and wrong has its own fault already.
  if (values.influxPassword !== undefined && !given('influxUsername')) {
    faults.push({ name: 'influxUsername', rule: 'given together with the password' });
  }
  // A password without a username is a protocol error [MQTT-3.1.2-22].
  if (values.mqttPassword !== undefined && !given('mqttUsername')) {
    faults.push({ name: 'mqttUsername', rule: 'given together with the password' });
  }
  if (values.statePassword !== undefined && !given('stateUsername')) {
    faults.push({ name: 'stateUsername', rule: 'given together with the password' });
  }
  return faults;
}

/** A state that is elsewhere is for a hub that may be replaced: nothing that others need may be in its own folder. */
function stateFaults({ stateUrl, spool }: Values, given: (name: ConfigName) => boolean): RuleFault[] {
  if (stateUrl === undefined) {
    // A URL that is given and wrong has its own fault already.
    if (spool !== 'state' || given('stateUrl')) return [];
    const rule =
      'local while the state is in the data folder: give HUB_STATE_URL, the PostgreSQL that is to hold the readings, or leave this out';
    return [{ name: 'spool', rule }];
  }
  const needed = [
    ['influxUrl', 'given together with the state in PostgreSQL: the embedded store is in the data folder'],
    ['mqttUrl', 'given together with the state in PostgreSQL: the embedded broker is a part of one hub'],
  ] as const;
  const faults: RuleFault[] = needed.filter(([name]) => !given(name)).map(([name, rule]) => ({ name, rule }));
  if (!given('tlsCert') && !given('tls')) {
    const rule =
      "given together with the state in PostgreSQL, or HUB_TLS=terminated: a hub's own CA is in the data folder";
    faults.push({ name: 'tlsCert', rule });
  }
  return faults;
}

/** Without TLS anybody on the way could sign in as anybody. */
function oidcFaults(values: Values, given: (name: ConfigName) => boolean): RuleFault[] {
  const { oidcIssuer, oidcRoles = [] } = values;
  const faults: RuleFault[] = [];
  if (oidcIssuer !== undefined && URL.canParse(oidcIssuer)) {
    const { protocol, hostname } = new URL(oidcIssuer);
    if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, '')))
      faults.push({ name: 'oidcIssuer', rule: 'an https URL: what it says decides who may do what' });
    if (!given('oidcClientId')) faults.push({ name: 'oidcClientId', rule: 'given together with the issuer' });
    if (!given('oidcRoles'))
      faults.push({
        name: 'oidcRoles',
        rule: 'given together with the issuer: without it nobody has a role',
      });
  }
  for (const name of ['oidcClientId', 'oidcClientSecret', 'oidcRoles'] as const) {
    if (given(name) && !given('oidcIssuer'))
      faults.push({ name: 'oidcIssuer', rule: `given together with ${name}` });
  }
  const wrong = oidcRoles.find((text) => readRoleRule(text) === undefined);
  if (wrong !== undefined) {
    const rule = `a list such as hub-admins=admin:critical,hall-3=operator:actuate:site=hall-3, and ${wrong} is none`;
    faults.push({ name: 'oidcRoles', rule });
  }
  return faults;
}

function noticeFaults(
  values: Values,
  given: (name: ConfigName) => boolean,
  isCron: (expression: string) => boolean,
): RuleFault[] {
  const faults: RuleFault[] = [];
  if (values.noticeCron !== undefined && !isCron(values.noticeCron)) {
    faults.push({
      name: 'noticeCron',
      rule: 'a cron expression of five fields, or six with seconds first, such as */5 * * * * *, of a time that comes',
    });
  }
  if (given('noticeCron') && !given('noticePayload')) {
    faults.push({ name: 'noticePayload', rule: 'given together with the cron expression' });
  }
  if (given('noticePayload') && !given('noticeCron')) {
    faults.push({ name: 'noticeCron', rule: 'given together with the payload' });
  }
  return faults;
}

function urlFaults(values: Values): RuleFault[] {
  const faults: RuleFault[] = [];
  for (const name of ['influxUrl', 'mqttUrl', 'stateUrl', 'peerUrl', 'oidcIssuer', 'tracesUrl'] as const) {
    const url = values[name];
    if (url !== undefined && !URL.canParse(url)) faults.push({ name, rule: 'a URL' });
  }
  for (const name of ['allowedOrigins', 'adminOrigins'] as const) {
    const wrong = values[name]?.find((origin) => !placelessOrigins.includes(origin) && !URL.canParse(origin));
    if (wrong !== undefined) faults.push({ name, rule: `a list of origins, and ${wrong} is none` });
  }
  for (const name of ['trustedProxies', 'webhookAllow'] as const) {
    const wrong = values[name]?.find((network) => isIP(network.split('/', 1)[0] ?? '') === 0);
    if (wrong !== undefined) faults.push({ name, rule: `a list of addresses, and ${wrong} is none` });
  }
  return faults;
}

function brokerFaults({ brokerAnonymous, brokerListen, mqttUrl }: Values): RuleFault[] {
  if (brokerAnonymous === undefined || brokerAnonymous === 'off') return [];
  if (mqttUrl !== undefined)
    return [{ name: 'brokerAnonymous', rule: 'absent while another broker is named' }];
  if (brokerListen === undefined || isLoopback(parseListen(brokerListen).host)) return [];
  const rule = `off while the broker listens on ${brokerListen}, which others reach`;
  return [{ name: 'brokerAnonymous', rule }];
}

/** Two listeners on one fixed address would fail at start, the second with a puzzling "address in use". */
function listenFaults(values: Values): RuleFault[] {
  const names = [
    'deviceListen',
    'adminListen',
    ...(values.stateUrl === undefined ? [] : ['peerListen' as const]),
    ...(values.mqttUrl === undefined ? ['brokerListen' as const] : []),
  ] as const;
  const taken: { name: string; address: ListenAddress }[] = [];
  const faults: RuleFault[] = [];
  for (const name of names) {
    const text = values[name];
    if (text === undefined) continue;
    const address = parseListen(text);
    const other = taken.find((earlier) => overlaps(earlier.address, address));
    if (other !== undefined) faults.push({ name, rule: `another address than ${other.name} has` });
    taken.push({ name, address });
  }
  return faults;
}

function anyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function overlaps(a: ListenAddress, b: ListenAddress): boolean {
  return a.port !== 0 && a.port === b.port && (a.host === b.host || anyHost(a.host) || anyHost(b.host));
}

/** Settings that are allowed and deserve a word. @param named the name as the operator knows it */
export function configWarnings(
  values: ConfigValues,
  given: (name: ConfigName) => boolean,
  named: (name: ConfigName) => string,
): string[] {
  const warnings: string[] = [];
  const admin = parseListen(values.adminListen).host;
  if (!isLoopback(admin)) {
    warnings.push(
      `${named('adminListen')} is ${values.adminListen}: passwords and tokens cross the network in plain text, and /readyz and /metrics need none`,
    );
  }
  if (values.mqttUrl === undefined) {
    if (!isLoopback(parseListen(values.brokerListen).host)) {
      warnings.push(
        `${named('brokerListen')} is ${values.brokerListen}: passwords cross the network in plain text`,
      );
    }
  } else if (given('brokerListen')) {
    warnings.push(`${named('brokerListen')} is not used: ${named('mqttUrl')} names a broker`);
  }
  if (values.stateUrl === undefined) {
    const unused = (
      ['stateUsername', 'statePassword', 'statePasswordFile', 'peerListen', 'peerUrl'] as const
    ).filter(given);
    if (unused.length > 0)
      warnings.push(`${unused.map(named).join(', ')}: not used without ${named('stateUrl')}`);
  }
  if (values.influxUrl === undefined) {
    const unused = (
      ['influxDatabase', 'influxUsername', 'influxPassword', 'influxPasswordFile'] as const
    ).filter(given);
    if (unused.length > 0)
      warnings.push(`${unused.map(named).join(', ')}: not used without ${named('influxUrl')}`);
  }
  return warnings;
}
