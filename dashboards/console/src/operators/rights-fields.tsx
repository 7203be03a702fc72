import type { Rights } from '../../../../schemas/api/operators.ts';
import { roles, safetyClasses } from '../../../../schemas/api/roles.ts';
import { SelectField } from '../components/select-field.tsx';
import { TextField } from '../components/text-field.tsx';
import { texts } from '../texts/texts.ts';
import { ScopePreview } from './scope-preview.tsx';

export const noRights: Rights = { role: 'viewer', devices: '*', safety: 'observe' };

const roleWords: Readonly<Record<Rights['role'], string>> = texts.operators.roleWords;

/** What somebody may do, and which devices that is about. */
export function RightsFields({ rights, set }: { rights: Rights; set: (change: Partial<Rights>) => void }) {
  return (
    <>
      <SelectField
        label={texts.operators.role}
        value={rights.role}
        onValue={(role) => set({ role: role as Rights['role'] })}
        choices={roles.map((role) => [role, roleWords[role]])}
      />
      <TextField
        label={texts.common.devices}
        name="/devices"
        hint={texts.operators.forAllOrConditions}
        required
        value={rights.devices}
        onValue={(devices) => set({ devices: devices.replaceAll(' ', '') })}
      />
      <ScopePreview devices={rights.devices} />
      <SelectField
        label={texts.operators.commandsUpToThisSafety}
        value={rights.safety}
        onValue={(safety) => set({ safety: safety as Rights['safety'] })}
        choices={safetyClasses.map((safety) => [safety, safety])}
        disabled={rights.role === 'viewer'}
      />
    </>
  );
}
