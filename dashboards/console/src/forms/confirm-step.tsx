import type { Safety } from '../../../../schemas/device-type.ts';
import { TypedConfirm } from '../components/typed-confirm.tsx';
import { texts } from '../texts/texts.ts';
import { safetyWords } from './command-words.ts';
import { ParamsList } from './params-list.tsx';
import { SafetyBadge } from './safety-badge.tsx';

interface ConfirmStepProps {
  readonly safety: Safety;
  /** What has to be typed before something critical is sent: the device id, or the selection of a group. */
  readonly target: string;
  /** The question. */
  readonly title: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly onConfirm: () => void;
  readonly onBack: () => void;
}

/** Asks for confirmation before something moves; a critical command is confirmed by typing the target's name. */
export function ConfirmStep({ safety, target, title, params, onConfirm, onBack }: ConfirmStepProps) {
  return (
    <TypedConfirm
      title={title}
      typed={safety === 'critical' ? target : undefined}
      action={texts.forms.confirmAndSend}
      onConfirm={onConfirm}
      onBack={onBack}
    >
      <p>
        <SafetyBadge safety={safety} /> {safetyWords[safety]}
      </p>
      <ParamsList params={params} />
    </TypedConfirm>
  );
}
