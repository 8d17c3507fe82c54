/** The two channels between neighbours by which a child gets its certificate, and a new one before that ends. */
import { PREFIX } from './topics.js';

/** `_csr` goes up from the child that asks, `_cert` down to it. */
export type EnrolChannel = '_csr' | '_cert';

/** `name` of a direct child: nobody enrols further down. */
export const enrolTopic = (name: string, channel: EnrolChannel): string => `${PREFIX}/${name}/${channel}`;
