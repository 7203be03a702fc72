import type { Rights } from '../../../../schemas/api/operators.ts';
import { roles, safetyClasses } from '../../../../schemas/api/roles.ts';
import { SelectField } from '../components/select-field.tsx';
import { TextField } from '../components/text-field.tsx';
import { ScopePreview } from './scope-preview.tsx';

export const noRights: Rights = { role: 'viewer', devices: '*', safety: 'observe' };

const roleWords: Readonly<Record<Rights['role'], string>> = {
  viewer: 'viewer: reads',
  operator: 'operator: also sends commands',
  admin: 'admin: also changes devices and accounts',
};

/** What somebody may do, and which devices that is about. */
export function RightsFields({ rights, set }: { rights: Rights; set: (change: Partial<Rights>) => void }) {
  return (
    <>
      <SelectField
        label="Role"
        value={rights.role}
        onValue={(role) => set({ role: role as Rights['role'] })}
        choices={roles.map((role) => [role, roleWords[role]])}
      />
      <TextField
        label="Devices"
        name="/devices"
        hint="* for all, or conditions (AND): site=hall-3, type=env-sensor, id=d-*"
        required
        value={rights.devices}
        onValue={(devices) => set({ devices: devices.replaceAll(' ', '') })}
      />
      <ScopePreview devices={rights.devices} />
      <SelectField
        label="Commands up to this safety class"
        value={rights.safety}
        onValue={(safety) => set({ safety: safety as Rights['safety'] })}
        choices={safetyClasses.map((safety) => [safety, safety])}
        disabled={rights.role === 'viewer'}
      />
    </>
  );
}
