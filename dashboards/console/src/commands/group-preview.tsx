import { reasonWords } from '../forms/command-words.ts';
import { ruleText } from '../../../../schemas/field-error.ts';
import type { GroupPreview as PreviewOf } from '../../../../schemas/api/commands/group-commands.ts';
import { texts } from '../texts/texts.ts';
import { inWaves, planWords } from './waves.ts';

interface PreviewProps {
  /** Name of the type whose command it is. */
  readonly type: string;
  readonly preview: PreviewOf;
  readonly wave: number;
  readonly maxFailures: number;
  readonly onSend: (() => void) | undefined;
}

const mostNamed = 500;

/** The devices that would get the command now, in order. */
export function GroupPreview({ type, preview, wave, maxFailures, onSend }: PreviewProps) {
  const { devices, refusal } = preview;
  if (refusal !== undefined) {
    return (
      <div class="fault-summary" role="alert">
        <p>{texts.commands.nothingWouldBeSent(reasonWords(refusal.reason))}</p>
        {(refusal.errors ?? []).map((error) => (
          <p key={error.path}>
            <code>{error.path}</code> {ruleText(error)}.
          </p>
        ))}
        {refusal.reason === 'unknown-command' && (
          <p>{texts.commands.forOneTypeOnly(<code>type={type}</code>)}</p>
        )}
      </div>
    );
  }
  return (
    <section class="preview" aria-label={texts.common.preview}>
      <p role="status">
        <strong>{planWords(devices.length, wave, maxFailures)}</strong>
      </p>
      <p class="quiet">{texts.commands.targetsAreFixed}</p>
      <ol class="devices" tabIndex={0} aria-label={texts.commands.devicesInTheirOrder}>
        {inWaves(devices.slice(0, mostNamed), wave).map((own, at) => (
          <li key={own[0]}>
            <span class="wave-name">{texts.commands.waveNumber(at + 1)}</span>
            <span>{own.join(', ')}</span>
          </li>
        ))}
      </ol>
      {devices.length > mostNamed && <p class="quiet">{texts.common.andMore(devices.length - mostNamed)}</p>}
      <div class="actions">
        <button type="button" class="button primary" disabled={onSend === undefined} onClick={onSend}>
          {texts.commands.reviewDevices(texts.counts.devices(devices.length))}
        </button>
      </div>
    </section>
  );
}
