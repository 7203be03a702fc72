/** The hub with a fault planted in it: a device may send as much as it likes. */
import { RateLimit } from '../../../hub/sessions/rate-limit.ts';

RateLimit.prototype.take = () => 'within';
RateLimit.prototype.takeOther = () => 'within';

await import('../../../hub/main.ts');
