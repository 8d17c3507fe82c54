/** How often a caller may fail before it is not looked at for a while, by its address and by the name that it shows. */
import type { Rate } from '../core/buckets.js';

/** Behind one address there may be a machine with many nodes. */
export const BY_ADDRESS: Rate = { burst: 20, perSecond: 1 / 3 };
export const BY_NAME: Rate = { burst: 10, perSecond: 1 / 5 };
