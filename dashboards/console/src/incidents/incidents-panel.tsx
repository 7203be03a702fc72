import type { Incident } from '../../../../schemas/api/incidents.ts';
import { Failed } from '../components/states.tsx';
import { Panel } from '../components/panel.tsx';
import { Age } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { incidentText } from './incident-text.ts';
import { useIncidents } from './use-incidents.ts';

/** Closed incidents that are still shown. */
const recent = 5;
/** How many devices of an incident are named. */
const named = 6;

/** What needs attention first: open incidents, and the last closed ones on request. */
export function IncidentsPanel() {
  const { incidents, fault, reload } = useIncidents();
  if (fault !== undefined) return <Failed what={texts.incidents.theIncidents} error={fault} retry={reload} />;
  const open = incidents.filter(({ state }) => state === 'open');
  const closed = incidents.filter(({ state }) => state === 'closed').slice(0, recent);
  if (open.length === 0 && closed.length === 0) return null;
  return (
    <Panel
      title={texts.incidents.incidents}
      name={open.length === 0 ? 'incidents' : 'incidents incidents-open'}
      aside={open.length === 0 ? texts.incidents.noneOpen : texts.incidents.countOpen(open.length)}
    >
      <ul class="incident-list" aria-live="polite">
        {open.map((incident) => (
          <IncidentLine key={incident.id} incident={incident} />
        ))}
      </ul>
      {closed.length > 0 && (
        <details>
          <summary>{texts.incidents.recentlyClosed}</summary>
          <ul class="incident-list">
            {closed.map((incident) => (
              <IncidentLine key={incident.id} incident={incident} />
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

function IncidentLine({ incident }: { incident: Incident }) {
  const { state, sinceMs, untilMs, sample, devices } = incident;
  const some = sample.slice(0, named);
  return (
    <li class={`incident incident-${state}`}>
      <p>
        {incidentText(incident)}{' '}
        <span class="quiet">
          {state === 'open'
            ? texts.incidents.opened(<Age ms={sinceMs} />)
            : texts.incidents.closed(<Age ms={untilMs} />)}
        </span>
      </p>
      {devices > 0 && (
        <p class="incident-devices">
          {some.map((id) => (
            <a key={id} href={`/devices/${encodeURIComponent(id)}`}>
              {id}
            </a>
          ))}
          {devices > some.length && <span class="quiet">{texts.common.andMore(devices - some.length)}</span>}
        </p>
      )}
    </li>
  );
}
