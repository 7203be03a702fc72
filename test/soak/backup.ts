import { backupRounds } from '../helpers/drills/backup-rounds.ts';
import { report, say } from './report.ts';

/** 50 backups, one after the other, of a hub with 50 devices and commands. */
export async function soakBackup(): Promise<boolean> {
  const { missing, ...numbers } = await backupRounds({ devices: 50, perSec: 5, rounds: 50, say });
  report({ ...numbers, missing: missing.length, first: missing.slice(0, 5) });
  return missing.length === 0 && numbers.open === 0 && numbers.online === 50;
}
