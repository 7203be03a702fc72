import { useState } from 'preact/hooks';
import type { NewWebhook as Request, WebhookView } from '../../../../schemas/api/webhooks/webhooks.ts';
import { ask, messageOf } from '../api.ts';
import { Badge, looks } from '../components/badge.tsx';
import { Export } from '../components/export.tsx';
import { Panel } from '../components/panel.tsx';
import { SelectField } from '../components/select-field.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { say } from '../components/status-region.tsx';
import { Table } from '../components/table.tsx';
import { TextField } from '../components/text-field.tsx';
import { RequestForm } from '../forms/request-form.tsx';
import { useRequest } from '../forms/use-request.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { useRepeatedLoad } from '../use-load.ts';
import { DeadDeliveries } from './dead-deliveries.tsx';

const refreshMs = 5_000;

/** Programs that are told of alarms. */
export function Webhooks() {
  const [shown, setShown] = useState<string>();
  const load = useRepeatedLoad(
    (signal) => ask('GET /api/v1/webhooks', { signal }),
    [],
    () => refreshMs,
  );
  return (
    <div class="columns">
      <Loaded load={load} what={texts.alarms.theWebhooks}>
        {({ webhooks }) => (
          <div class="column">
            <Panel title={texts.alarms.webhooks} aside={<Export name="webhooks" rows={() => webhooks} />}>
              {webhooks.length === 0 ? (
                <Empty title={texts.alarms.noWebhooks}>
                  <p>{texts.alarms.webhookPostsEachChange}</p>
                </Empty>
              ) : (
                <WebhookTable webhooks={webhooks} onShowDead={setShown} reload={load.reload} />
              )}
            </Panel>
            {webhooks
              .filter(({ name }) => name === shown)
              .map(({ name, dead }) => (
                <DeadDeliveries key={name} webhook={name} count={dead} reload={load.reload} />
              ))}
          </div>
        )}
      </Loaded>
      <NewWebhook onAdded={load.reload} />
    </div>
  );
}

async function test(name: string): Promise<void> {
  try {
    const { delivered, error } = await ask('POST /api/v1/webhooks/{name}/test', { params: { name } });
    if (delivered) say('done', texts.alarms.tookTheTest(name));
    else say('fault', texts.alarms.didNotTakeTheTest(name, error ?? texts.alarms.noReasonIsKnown));
  } catch (error) {
    say('fault', messageOf(error));
  }
}

interface WebhookTableProps {
  readonly webhooks: readonly WebhookView[];
  readonly onShowDead: (name: string) => void;
  readonly reload: () => void;
}

function WebhookTable({ webhooks, onShowDead, reload }: WebhookTableProps) {
  async function remove(name: string): Promise<void> {
    try {
      await ask('DELETE /api/v1/webhooks/{name}', { params: { name } });
      say('done', texts.alarms.webhookWasRemoved(name));
      reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Table
      label={texts.alarms.webhooks}
      heads={[
        texts.common.name,
        texts.common.address,
        texts.common.alarms,
        texts.alarms.waiting,
        texts.alarms.notTaken,
        texts.common.change,
      ]}
      stacking
    >
      {webhooks.map(({ name, url, severity, to, waiting, dead, lastError }) => (
        <tr key={name}>
          <td data-head={texts.common.name}>{name}</td>
          <td data-head={texts.common.address} class="long-text">
            {url}
          </td>
          <td data-head={texts.common.alarms}>
            {severity ?? texts.alarms.all} {to !== undefined && <code>{to}</code>}
          </td>
          <td data-head={texts.alarms.waiting}>{countWords(waiting)}</td>
          <td data-head={texts.alarms.notTaken}>
            {dead > 0 ? <Badge look={looks.bad}>{countWords(dead)}</Badge> : '0'}{' '}
            {dead > 0 && (
              <button
                type="button"
                class="button small"
                aria-label={texts.alarms.showWhatDidNotTake(name)}
                onClick={() => onShowDead(name)}
              >
                {texts.alarms.show}
              </button>
            )}
            {lastError !== undefined && <p class="fault">{lastError}</p>}
          </td>
          <td data-head={texts.common.change}>
            <div class="actions">
              <button
                type="button"
                class="button small"
                aria-label={texts.alarms.testName(name)}
                onClick={() => void test(name)}
              >
                {texts.alarms.test}
              </button>
              <button
                type="button"
                class="button small danger"
                aria-label={texts.alarms.removeName(name)}
                onClick={() => void remove(name)}
              >
                {texts.common.remove}
              </button>
            </div>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function NewWebhook({ onAdded }: { onAdded: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [secret, setSecret] = useState('');
  const [severity, setSeverity] = useState('');
  const [to, setTo] = useState('');
  const request = useRequest();
  const add = (): void => {
    const body: Request = {
      name: name.trim(),
      url: url.trim(),
      secret,
      ...(severity === 'critical' || severity === 'warning' ? { severity } : {}),
      ...(to.trim() === '' ? {} : { to: to.trim() }),
    };
    void request.run(
      () => ask('POST /api/v1/webhooks', { body }),
      () => {
        say('done', texts.alarms.webhookWasAdded(name));
        setName('');
        setUrl('');
        setSecret('');
        setTo('');
        onAdded();
      },
    );
  };
  return (
    <Panel title={texts.alarms.newWebhook}>
      <RequestForm
        label={texts.alarms.newWebhook}
        action={texts.alarms.addTheWebhook}
        request={request}
        onSubmit={add}
      >
        <TextField
          label={texts.common.name}
          name="/name"
          required
          maxLength={64}
          value={name}
          onValue={setName}
        />
        <TextField
          label={texts.common.address}
          name="/url"
          type="url"
          required
          value={url}
          onValue={setUrl}
        />
        <TextField
          label={texts.common.secret}
          name="/secret"
          type="password"
          hint={texts.alarms.webhookSecretHint}
          required
          value={secret}
          onValue={setSecret}
        />
        <SelectField
          label={texts.alarms.severity}
          value={severity}
          onValue={setSeverity}
          choices={[
            ['', texts.alarms.any],
            ['critical', 'critical'],
            ['warning', 'warning'],
          ]}
        />
        <TextField
          label={texts.alarms.devicesOptional}
          name="/to"
          hint={texts.alarms.webhookSelectorHint}
          value={to}
          onValue={setTo}
        />
      </RequestForm>
    </Panel>
  );
}
