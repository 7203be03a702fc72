import { useMemo, useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { Tabs } from '../components/tabs.tsx';
import { TextField } from '../components/text-field.tsx';
import {
  inlined,
  partsOfAsyncApi,
  partsOfOpenApi,
  partsWith,
  type DescribedPart,
  type Json,
} from '../interfaces/described-parts.ts';
import { query } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

const views = [
  ['', 'HTTP'],
  ['messages', texts.interfaces.framesAndTopics],
] as const;

/** The documents of the hub's interfaces, to be read: OpenAPI of what operators ask, AsyncAPI of frames and topics. */
export function InterfacesPage() {
  const ofMessages = query.value.get('view') === 'messages';
  const load = useLoad<Json>(
    (signal) =>
      ofMessages ? ask('GET /api/v1/asyncapi.json', { signal }) : ask('GET /api/v1/openapi.json', { signal }),
    [ofMessages],
  );
  const file = ofMessages ? 'asyncapi.json' : 'openapi.json';
  return (
    <>
      <header class="page-head">
        <h1>{texts.interfaces.interfaces}</h1>
        <p class="quiet">
          {texts.interfaces.asAFileToMake(
            <a href={`/api/v1/${file}`} download={file}>
              {file}
            </a>,
          )}
        </p>
        <Tabs label={texts.interfaces.interfaces} views={views} />
      </header>
      <Loaded load={load} what={texts.interfaces.theDocument}>
        {(document) => (
          <Parts
            key={file}
            document={document}
            all={ofMessages ? partsOfAsyncApi(document) : partsOfOpenApi(document)}
          />
        )}
      </Loaded>
    </>
  );
}

function Parts({ document, all }: { readonly document: Json; readonly all: readonly DescribedPart[] }) {
  const [words, setWords] = useState('');
  const parts = partsWith(all, words);
  const groups = [...new Set(parts.map(({ group }) => group))];
  return (
    <>
      <TextField
        label={texts.interfaces.search}
        value={words}
        onValue={setWords}
        placeholder={texts.interfaces.deviceSecret}
      />
      {groups.length === 0 && <Empty title={texts.interfaces.nothingHasTheseWords} />}
      {groups.map((group) => {
        const own = parts.filter((part) => part.group === group);
        return (
          <Panel
            key={group}
            title={group}
            name="described"
            aside={<span class="quiet">{texts.counts.parts(own.length)}</span>}
          >
            {own.map((part) => (
              <Part key={`${part.name} ${part.summary}`} document={document} part={part} />
            ))}
          </Panel>
        );
      })}
    </>
  );
}

function Part({ document, part }: { readonly document: Json; readonly part: DescribedPart }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>{part.name}</code> {part.summary}
      </summary>
      {isOpen && <Details document={document} details={part.details} />}
    </details>
  );
}

function Details({ document, details }: { readonly document: Json; readonly details: Json }) {
  const text = useMemo(() => JSON.stringify(inlined(document, details), undefined, 2), [document, details]);
  return <pre tabIndex={0}>{text}</pre>;
}
