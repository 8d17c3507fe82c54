/** How often a caller may fail before it is not looked at for a while, by its address and by the name that it shows. */
import type { Rate } from '../core/buckets.js';

/** Behind one address there may be a machine with many nodes. */
export const BY_ADDRESS: Rate = { burst: 20, perSecond: 1 / 3 };
/** Of a name at one address. */
export const BY_NAME: Rate = { burst: 10, perSecond: 1 / 5 };
/** Of a name, wherever it comes from: so many that who holds its secret is not kept out by a few who guess it. */
export const BY_NAME_ANYWHERE: Rate = { burst: 200, perSecond: 2 };
