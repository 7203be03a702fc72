/** The hub with a fault planted in it: its broker lets every packet pass. */
import { PacketReader } from '../../../hub/adapters/broker/packet-guard.ts';

PacketReader.prototype.take = () => undefined;

await import('../../../hub/main.ts');
