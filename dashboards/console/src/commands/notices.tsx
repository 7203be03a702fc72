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
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { countWords } from '../number-words.ts';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** Messages to connected devices: those that were sent, those that are due, and a new one. */
export function Notices() {
  const load = useLoad((signal) => ask('GET /api/v1/notices', { signal }), []);
  return (
    <div class={mayAs('admin') ? 'columns' : undefined}>
      <Loaded load={load} what={texts.commands.theNotices}>
        {({ notices }) => (
          <Panel title={texts.commands.notices} aside={<Export name="notices" rows={() => notices} />}>
            {notices.length === 0 ? (
              <Empty title={texts.commands.noNotices}>
                <p>{texts.commands.noticeIsAMessage}</p>
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
    <Table
      label={texts.commands.notices}
      heads={[
        texts.commands.when,
        texts.common.to,
        texts.commands.topic,
        texts.commands.data,
        texts.commands.outcome,
      ]}
      stacking
    >
      {notices.map(({ id, to, topic, data, atMs, createdMs, report, missed }) => (
        <tr key={id}>
          <td>
            <Time ms={atMs ?? createdMs} />
          </td>
          <td data-head={texts.common.to}>
            <code>{to}</code>
          </td>
          <td data-head={texts.commands.topic}>{topic}</td>
          <td data-head={texts.commands.data} class="long-text">
            <code>{JSON.stringify(data)}</code>
          </td>
          <td data-head={texts.commands.outcome}>
            {missed === true ? texts.commands.missedNoHubRan : reportWords(report)}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function reportWords(report: NoticeReport | undefined): string {
  if (report === undefined) return 'due';
  const { matched, sent, dropped, offline, tooLarge, silentHubs = [] } = report;
  const rest = [
    [offline, 'offline'],
    [dropped, texts.commands.tooCongested],
    [tooLarge, texts.commands.tooLarge],
  ] as const;
  return [
    texts.commands.sentToSome(sent, matched),
    ...rest.flatMap(([n, word]) => (n > 0 ? [`${countWords(n)} ${word}`] : [])),
    ...silentHubs.map(texts.commands.noAnswerOfHub),
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
          report === undefined
            ? texts.commands.noticeIsScheduled
            : texts.commands.theNoticeWas(reportWords(report)),
        );
        setData('');
        onSent();
      },
    );
  };
  return (
    <Panel title={texts.commands.newNotice}>
      <RequestForm
        label={texts.commands.newNotice}
        action={at === '' ? texts.commands.send : texts.commands.schedule}
        request={request}
        onSubmit={send}
      >
        <TextField
          label={texts.common.devices}
          name="/to"
          hint={texts.commands.allADeviceId}
          required
          value={to}
          onValue={setTo}
        />
        <TextField
          label={texts.commands.topic}
          name="/topic"
          required
          maxLength={128}
          value={topic}
          onValue={setTopic}
        />
        <TextField
          label={texts.commands.data}
          name="/data"
          hint={texts.commands.jsonOrElseAText}
          value={data}
          onValue={setData}
        />
        <TextField
          label={texts.commands.atOptional}
          name="/atMs"
          type="datetime-local"
          value={at}
          onValue={setAt}
        />
      </RequestForm>
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
