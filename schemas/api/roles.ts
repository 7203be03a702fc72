/** What somebody may do. Pure, so that a browser takes it too. */

/** `viewer` reads; `operator` also sends commands; `admin` also changes devices, credentials and operators. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** How much harm a command can do, least first. */
export const safetyClasses = ['observe', 'config', 'actuate', 'critical'] as const;
export type Safety = (typeof safetyClasses)[number];
