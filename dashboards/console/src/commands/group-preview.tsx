import { reasonWords } from '../forms/command-words.ts';
import { ruleText } from '../../../../schemas/field-error.ts';
import type { GroupPreview as PreviewOf } from '../../../../schemas/api/commands/group-commands.ts';
import { texts } from '../texts/texts.ts';
import { planWords } from './waves.ts';

interface PreviewProps {
  readonly preview: PreviewOf;
  readonly wave: number;
  readonly maxFailures: number;
  readonly onSend: (() => void) | undefined;
}

const mostNamed = 500;

/** The devices that would get the command now, in order. */
export function GroupPreview({ preview: { devices, refusal }, wave, maxFailures, onSend }: PreviewProps) {
  if (refusal !== undefined) {
    return (
      <div class="fault-summary" role="alert">
        <p>{texts.commands.nothingWouldBeSent(reasonWords(refusal.reason))}</p>
        {(refusal.errors ?? []).map((error) => (
          <p key={error.path}>
            <code>{error.path}</code> {ruleText(error)}.
          </p>
        ))}
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
        {devices.slice(0, mostNamed).map((device, at) => (
          <li key={device} class={at % wave === 0 ? 'wave-start' : undefined}>
            {at % wave === 0 && <span class="wave-name">{texts.commands.waveNumber(at / wave + 1)}</span>}
            {device}
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
