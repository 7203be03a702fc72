import type { DeviceType } from '../../schemas/index.ts';
import type { Outcome } from './run-checks.ts';

/** The outcomes for people, for programs, and for viewers of test results. */

const marks = { passed: '✔', failed: '✖', skipped: '−' } as const;

export function outcomeLine({ check, verdict, reason, tookMs }: Outcome): string {
  const line = `${marks[verdict]} ${check.id.padEnd(26)} ${check.title} (${(tookMs / 1000).toFixed(1)} s)`;
  return reason === undefined ? line : `${line}\n    ${reason}`;
}

function countsOf(outcomes: readonly Outcome[]): Record<Outcome['verdict'], number> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { verdict } of outcomes) counts[verdict] += 1;
  return counts;
}

export function summary(outcomes: readonly Outcome[], { id }: DeviceType): string {
  const { passed, failed, skipped } = countsOf(outcomes);
  const checked = `hub.v1.json, ${id}: ${passed} of ${passed + failed} checks passed, ${skipped} skipped`;
  return failed === 0 ? checked : `${checked}, ${failed} failed`;
}

/** The last frames of each failure. */
export function failureText(outcomes: readonly Outcome[]): string {
  return outcomes
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ check, log }) => `\n${check.id}\n${log.map((line) => `  ${line}`).join('\n')}\n`)
    .join('');
}

export function reportJson(outcomes: readonly Outcome[], { id }: DeviceType): string {
  const checks = outcomes.map(({ check, ...outcome }) => ({ id: check.id, title: check.title, ...outcome }));
  return JSON.stringify({ protocol: 'hub.v1.json', type: id, ...countsOf(outcomes), checks });
}

/** JUnit XML, as test reporters of build servers read it. */
export function reportJunit(outcomes: readonly Outcome[], { id }: DeviceType): string {
  const { failed, skipped } = countsOf(outcomes);
  const cases = outcomes.map(({ check, verdict, reason = '', tookMs, log }) => {
    const [group = '', name = ''] = check.id.split('/');
    const open = `  <testcase classname="${escape(group)}" name="${escape(`${name}: ${check.title}`)}" time="${tookMs / 1000}"`;
    if (verdict === 'passed') return `${open}/>`;
    if (verdict === 'skipped') return `${open}><skipped message="${escape(reason)}"/></testcase>`;
    return `${open}><failure message="${escape(reason)}">${escape(log.join('\n'))}</failure></testcase>`;
  });
  const counts = `tests="${outcomes.length}" failures="${failed}" skipped="${skipped}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escape(`hub.v1.json ${id}`)}" ${counts}>`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 §2.2 allows no control characters but three, not even as references. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}
