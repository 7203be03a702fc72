import type { CommandDefinition, ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { defaultTtlSec, idempotentWords, offlineWords, safetyWords } from '../forms/command-words.ts';
import { durationWords } from '../forms/duration-words.ts';
import { SafetyBadge } from '../forms/safety-badge.tsx';
import { mayAs } from '../session.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { FieldTable } from './field-table.tsx';
import { presenceWords } from './type-view.ts';

/** One version of a device type: its streams, its events and its commands. */
export function TypeDetail({ id }: { readonly id: string }) {
  const load = useLoad((signal) => ask('GET /api/v1/device-types/{id}', { params: { id }, signal }), [id]);
  return (
    <Loaded load={load} what={id}>
      {(type) => (
        <>
          <Panel title={type.title ?? id} aside={<TypeActions id={id} />}>
            {type.description !== undefined && <p>{type.description}</p>}
            <p>{presenceWords(type)}</p>
          </Panel>
          <Parts
            title={texts.deviceTypes.streams}
            what={texts.deviceTypes.readingsOfStream}
            parts={type.streams}
          />
          <Parts title={texts.deviceTypes.events} what={texts.deviceTypes.dataOfEvent} parts={type.events} />
          <Commands commands={type.commands ?? {}} />
        </>
      )}
    </Loaded>
  );
}

function TypeActions({ id }: { readonly id: string }) {
  return (
    <>
      <code>{id}</code>
      {mayAs('admin') && (
        <a class="button small" href={`/types?type=${encodeURIComponent(id)}&edit=1`}>
          {texts.common.changeEllipsis}
        </a>
      )}
    </>
  );
}

interface PartsProps {
  readonly title: string;
  readonly what: string;
  readonly parts: Readonly<Record<string, ObjectDefinition>> | undefined;
}

function Parts({ title, what, parts = {} }: PartsProps) {
  if (Object.keys(parts).length === 0) return null;
  return (
    <Panel title={title}>
      {Object.entries(parts).map(([name, definition]) => (
        <section key={name} class="schema-part">
          <h3>
            <code>{name}</code> <span class="quiet">{definition.title}</span>
          </h3>
          {definition.description !== undefined && <p>{definition.description}</p>}
          <FieldTable caption={`${what} ${name}`} definition={definition} />
        </section>
      ))}
    </Panel>
  );
}

function Commands({ commands }: { readonly commands: Readonly<Record<string, CommandDefinition>> }) {
  return (
    <Panel title={texts.common.commands}>
      {Object.keys(commands).length === 0 && <p class="quiet">{texts.deviceTypes.noCommands}</p>}
      {Object.entries(commands).map(([name, definition]) => (
        <Command key={name} name={name} definition={definition} />
      ))}
    </Panel>
  );
}

function Command({ name, definition }: { readonly name: string; readonly definition: CommandDefinition }) {
  const {
    title,
    description,
    safety,
    offline = 'reject',
    ttlSec = defaultTtlSec,
    params,
    output,
  } = definition;
  return (
    <section class="schema-part">
      <h3>
        <code>{name}</code> <span class="quiet">{title}</span> <SafetyBadge safety={safety} />
      </h3>
      {description !== undefined && <p>{description}</p>}
      <p class="quiet">
        {texts.deviceTypes.defaultTimeToLive(
          safetyWords[safety],
          offlineWords(offline, ttlSec),
          idempotentWords(definition),
          durationWords(ttlSec),
        )}
      </p>
      {params !== undefined && (
        <FieldTable caption={texts.deviceTypes.parametersOfName(name)} definition={params} />
      )}
      {output !== undefined && (
        <FieldTable caption={texts.deviceTypes.outputOfName(name)} definition={output} />
      )}
    </section>
  );
}
