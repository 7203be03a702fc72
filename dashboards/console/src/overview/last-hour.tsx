import type { AuditRecord } from '../../../../schemas/api/audit.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Time } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';

const hourMs = 3_600_000;
const refreshMs = 10_000;
/** Entries that are looked at, and lines that are shown. */
const looked = 500;
const shown = 12;

/** Changes of the last hour that are alike, as one line. */
interface Line {
  readonly timeMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subjects: readonly string[];
}

/** Who changed what in the last hour, from the audit. */
export function LastHour() {
  const load = useRepeatedLoad(
    async (signal) => {
      const query = { fromMs: Date.now() - hourMs, limit: looked };
      return linesOf((await ask('GET /api/v1/audit', { query, signal })).entries);
    },
    [],
    () => refreshMs,
  );
  return (
    <Panel
      title={texts.overview.changedInTheLastHour}
      aside={<a href="/hub?view=audit">{texts.common.audit}</a>}
    >
      <Loaded load={load} what={texts.overview.theAudit}>
        {(lines) =>
          lines.length === 0 ? (
            <p class="quiet">{texts.overview.nothing}</p>
          ) : (
            <ul class="last-hour">
              {lines.slice(0, shown).map(({ timeMs, actor, action, subjects }) => (
                <li key={`${timeMs} ${action}`}>
                  <Time ms={timeMs} /> <b>{action}</b>{' '}
                  <a href={auditOf(action, subjects)}>
                    {subjects.length === 1 ? subjects[0] : texts.counts.changes(subjects.length)}
                  </a>{' '}
                  <span class="quiet">{actor.replace(/^operator:/, '')}</span>
                </li>
              ))}
              {lines.length > shown && <li class="quiet">{texts.common.andMore(lines.length - shown)}</li>}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}

/** What else the audit has about it. */
function auditOf(action: string, subjects: readonly string[]): string {
  const about = subjects.length === 1 && subjects[0] !== undefined ? { subject: subjects[0] } : {};
  return `/hub?${new URLSearchParams({ view: 'audit', action, ...about }).toString()}`;
}

/** Newest first; what somebody did many times in a row is one line. Who signed in changed nothing. */
function linesOf(entries: readonly AuditRecord[]): Line[] {
  const lines: Line[] = [];
  for (const { timeMs, actor, action, subject, outcome } of entries.toReversed()) {
    if (outcome === 'refused' || /^(login|logout|frames)/.test(action)) continue;
    const last = lines.at(-1);
    if (last?.actor === actor && last.action === action)
      lines[lines.length - 1] = { ...last, subjects: [...new Set([...last.subjects, subject])] };
    else lines.push({ timeMs, actor, action, subjects: [subject] });
  }
  return lines;
}
