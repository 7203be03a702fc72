import { createLog } from '../../hub/kernel/log.ts';

export const silentLog = createLog({ level: 'silent' });
