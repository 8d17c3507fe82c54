/** Names that nobody else comes upon. */
import { randomUUID } from 'node:crypto';

/** 16 hex digits, 60 bits of them random. Node draws UUIDs from a pool: a tenth of what `randomBytes` takes. */
export const randomHex = (): string => randomUUID().replaceAll('-', '').slice(0, 16);
