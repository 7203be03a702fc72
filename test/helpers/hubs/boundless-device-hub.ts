/** The hub with a fault planted in it: a device may send as much as it likes, and is heard to its end before all others. */
import { WebSocket } from 'ws';
import { RateLimit } from '../../../hub/sessions/rate-limit.ts';

RateLimit.prototype.take = () => 'within';
RateLimit.prototype.takeOther = () => 'within';
WebSocket.prototype.pause = () => undefined;

await import('../../../hub/main.ts');
