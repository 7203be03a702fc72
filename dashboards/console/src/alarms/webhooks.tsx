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
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { countWords } from '../number-words.ts';
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
      <Loaded load={load} what="the webhooks">
        {({ webhooks }) => (
          <div class="column">
            <Panel title="Webhooks" aside={<Export name="webhooks" rows={() => webhooks} />}>
              {webhooks.length === 0 ? (
                <Empty title="No webhooks">
                  <p>A webhook posts each change of an alarm to another program, signed.</p>
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
    if (delivered) say('done', `${name} took the test`);
    else say('fault', `${name} did not take the test: ${error ?? 'no reason is known'}`);
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
      say('done', `The webhook ${name} was removed`);
      reload();
    } catch (error) {
      say('fault', messageOf(error));
    }
  }
  return (
    <Table label="Webhooks" heads={['Name', 'Address', 'Alarms', 'Waiting', 'Not taken', 'Change']} stacking>
      {webhooks.map(({ name, url, severity, to, waiting, dead, lastError }) => (
        <tr key={name}>
          <td data-head="Name">{name}</td>
          <td data-head="Address" class="long-text">
            {url}
          </td>
          <td data-head="Alarms">
            {severity ?? 'all'} {to !== undefined && <code>{to}</code>}
          </td>
          <td data-head="Waiting">{countWords(waiting)}</td>
          <td data-head="Not taken">
            {dead > 0 ? <Badge look={looks.bad}>{countWords(dead)}</Badge> : '0'}{' '}
            {dead > 0 && (
              <button
                type="button"
                class="button small"
                aria-label={`Show what ${name} did not take`}
                onClick={() => onShowDead(name)}
              >
                Show
              </button>
            )}
            {lastError !== undefined && <p class="fault">{lastError}</p>}
          </td>
          <td data-head="Change">
            <div class="actions">
              <button
                type="button"
                class="button small"
                aria-label={`Test ${name}`}
                onClick={() => void test(name)}
              >
                Test
              </button>
              <button
                type="button"
                class="button small danger"
                aria-label={`Remove ${name}`}
                onClick={() => void remove(name)}
              >
                Remove
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
        say('done', `The webhook ${name} was added`);
        setName('');
        setUrl('');
        setSecret('');
        setTo('');
        onAdded();
      },
    );
  };
  return (
    <Panel title="New webhook">
      <form
        class="command-form"
        aria-label="New webhook"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <Refusal error={request.error} />
        <TextField label="Name" name="/name" required maxLength={64} value={name} onValue={setName} />
        <TextField label="Address" name="/url" type="url" required value={url} onValue={setUrl} />
        <TextField
          label="Secret"
          name="/secret"
          type="password"
          hint="16 characters or more. The signature of each post is made with it."
          required
          value={secret}
          onValue={setSecret}
        />
        <SelectField
          label="Severity"
          value={severity}
          onValue={setSeverity}
          choices={[
            ['', 'Any'],
            ['critical', 'critical'],
            ['warning', 'warning'],
          ]}
        />
        <TextField
          label="Devices (optional)"
          name="/to"
          hint="site=…, type=…, a label such as floor=1; empty: all, and the hub itself"
          value={to}
          onValue={setTo}
        />
        <div class="actions">
          <button type="submit" class="button primary" disabled={request.busy}>
            Add the webhook
          </button>
        </div>
      </form>
    </Panel>
  );
}
