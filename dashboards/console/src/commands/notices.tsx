import { useState } from 'preact/hooks';
import type { Notice, NoticeReport } from '../../../../schemas/api/notices.ts';
import { ask } from '../api.ts';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { TextField } from '../components/text-field.tsx';
import { Time } from '../components/time.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { mayAs } from '../session.ts';
import { useLoad } from '../use-load.ts';

/** Messages to connected devices: those that were sent, those that are due, and a new one. */
export function Notices() {
  const load = useLoad((signal) => ask('GET /api/v1/notices', { signal }), []);
  return (
    <div class={mayAs('admin') ? 'columns' : undefined}>
      <Loaded load={load} what="the notices">
        {({ notices }) => (
          <Panel title="Notices" aside={<Export name="notices" rows={() => notices} />}>
            {notices.length === 0 ? (
              <Empty title="No notices">
                <p>A notice is a message to the devices that are connected. Nothing comes back.</p>
              </Empty>
            ) : (
              <NoticeTable notices={notices} />
            )}
          </Panel>
        )}
      </Loaded>
      {mayAs('admin') && <NewNotice onSent={load.reload} />}
    </div>
  );
}

function NoticeTable({ notices }: { notices: readonly Notice[] }) {
  return (
    <Table label="Notices" heads={['When', 'To', 'Topic', 'Data', 'Outcome']} stacking>
      {notices.map(({ id, to, topic, data, atMs, createdMs, report, missed }) => (
        <tr key={id}>
          <td>
            <Time ms={atMs ?? createdMs} />
          </td>
          <td data-head="To">
            <code>{to}</code>
          </td>
          <td data-head="Topic">{topic}</td>
          <td data-head="Data" class="long-text">
            <code>{JSON.stringify(data)}</code>
          </td>
          <td data-head="Outcome">{missed === true ? 'missed: no hub ran' : reportWords(report)}</td>
        </tr>
      ))}
    </Table>
  );
}

function reportWords(report: NoticeReport | undefined): string {
  if (report === undefined) return 'due';
  const { matched, sent, dropped, offline, tooLarge } = report;
  const rest = [
    [offline, 'offline'],
    [dropped, 'too congested'],
    [tooLarge, 'too large'],
  ] as const;
  return [
    `sent to ${sent} of ${matched}`,
    ...rest.flatMap(([n, word]) => (n > 0 ? [`${n} ${word}`] : [])),
  ].join(', ');
}

function NewNotice({ onSent }: { onSent: () => void }) {
  const [to, setTo] = useState('');
  const [topic, setTopic] = useState('');
  const [data, setData] = useState('');
  const [at, setAt] = useState('');
  const request = useRequest();
  const send = (): void => {
    const when = at === '' ? {} : { atMs: new Date(at).getTime() };
    void request.run(
      () =>
        ask('POST /api/v1/notices', {
          body: { to: to.trim(), topic: topic.trim(), data: jsonOr(data), ...when },
        }),
      ({ report }) => {
        say(
          'done',
          report === undefined ? 'The notice is scheduled' : `The notice was ${reportWords(report)}`,
        );
        setData('');
        onSent();
      },
    );
  };
  return (
    <Panel title="New notice">
      <form
        class="command-form"
        aria-label="New notice"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Refusal error={request.error} />
        <TextField
          label="Devices"
          name="/to"
          hint="all, a device ID, or conditions (AND): type=env-sensor,site=north,floor=2"
          required
          value={to}
          onValue={setTo}
        />
        <TextField label="Topic" name="/topic" required maxLength={128} value={topic} onValue={setTopic} />
        <TextField label="Data" name="/data" hint="JSON, or else a text" value={data} onValue={setData} />
        <TextField label="At (optional)" name="/atMs" type="datetime-local" value={at} onValue={setAt} />
        <div class="actions">
          <button type="submit" class="button primary" disabled={request.busy}>
            {at === '' ? 'Send' : 'Schedule'}
          </button>
        </div>
      </form>
    </Panel>
  );
}

/** As the command line reads it. */
function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
