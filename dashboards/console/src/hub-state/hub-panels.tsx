import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Age } from '../components/time.tsx';
import { countWords, shareWords, sizeWords } from '../number-words.ts';
import type { Dependency, HubSnapshot } from '../../../../schemas/api/hub.ts';
import { texts } from '../texts/texts.ts';

interface PartCardProps {
  readonly title: string;
  readonly part: Dependency;
  /** How it is when all is well, and when not. */
  readonly words?: readonly [string, string];
  readonly children?: ComponentChildren;
}

/** A system the hub depends on: whether it is up, and if not, why. */
export function PartCard({ title, part, words = ['up', 'down'], children }: PartCardProps) {
  const { name, up, reason } = part;
  return (
    <section class="card hub-card" aria-label={title}>
      <h2>{title}</h2>
      <p class="big">
        <span class={`badge ${up ? 'tone-good' : 'tone-bad'}`}>
          <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
            <path d={up ? 'M3 8.5l3.5 3.5L13 4.5' : 'M3 3l10 10M13 3L3 13'} />
          </svg>
          {up ? words[0] : words[1]}
        </span>
      </p>
      <p class="quiet">{name}</p>
      {reason !== undefined && <p class="fault">{reason}</p>}
      {children}
    </section>
  );
}

/** What is queued in the hub, and how full each queue is. */
export function Queues({ hub }: { readonly hub: HubSnapshot }) {
  const { writer, spool, bus, commands } = hub;
  return (
    <div class="queues">
      <Level
        title={texts.hubState.bufferBeforeTheStore}
        share={writer.fill}
        words={texts.counts.lines(writer.lines)}
      />
      <Level
        title={texts.hubState.spoolOnDisk}
        share={spool.maxSize === 0 ? 0 : spool.size / spool.maxSize}
        words={texts.hubState.spoolUse(
          texts.counts.lines(spool.lines),
          sizeWords(spool.size),
          sizeWords(spool.maxSize),
        )}
      >
        {spool.oldestMs !== null && (
          <p class="quiet">{texts.hubState.oldestOldestMs(<Age ms={spool.oldestMs} />)}</p>
        )}
        {spool.fault !== undefined && <p class="fault">{texts.hubState.notAcceptingLines(spool.fault)}</p>}
      </Level>
      <dl class="facts">
        <div>
          <dt>{texts.hubState.openCommands}</dt>
          <dd>{countWords(commands.open)}</dd>
        </div>
        <div>
          <dt>{texts.hubState.messagesToTheBroker}</dt>
          <dd>{countWords(bus.queued)}</dd>
        </div>
        <div>
          <dt>{texts.hubState.deadLetters}</dt>
          <dd>{countWords(spool.deadLetters)}</dd>
        </div>
      </dl>
    </div>
  );
}

interface LevelProps {
  readonly title: string;
  /** 0 to 1. */
  readonly share: number;
  readonly words: string;
  readonly children?: ComponentChildren;
}

function Level({ title, share, words, children }: LevelProps) {
  const id = useId();
  return (
    <div class="level">
      <label for={id}>{title}</label>
      <meter id={id} min={0} max={1} high={0.8} optimum={0} value={share}>
        {shareWords(share)}
      </meter>
      <p class="quiet">{texts.hubState.shareFull(shareWords(share), words)}</p>
      {children}
    </div>
  );
}

interface CountTableProps {
  readonly what: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly words?: (key: string) => string;
  readonly none: string;
}

/** Counts of the last day, the highest first. */
export function CountTable({ what, counts, words, none }: CountTableProps) {
  const rows = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a);
  if (rows.length === 0) return <p class="quiet">{none}</p>;
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">{what}</th>
          <th scope="col" class="number">
            {texts.hubState.count}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([key, count]) => (
          <tr key={key}>
            <th scope="row">
              {key} <span class="quiet">{words?.(key)}</span>
            </th>
            <td class="number">{countWords(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
