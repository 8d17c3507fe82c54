/** What one hop of a stream of logs may cost. */

/** Bytes of lines in one message, and runs, each of which is some hundred bytes of its header. */
export const CHUNK_BYTES = 64 * 1024;
export const CHUNK_RUNS = 400;
/** Milliseconds that lines may wait to leave together where others left just before; after a pause they leave at once. */
export const FLUSH_MS = 50;

/** Bytes that may be on their way on one flow, and on all of a hop together. */
export const WINDOW_BYTES = 1024 * 1024;
export const HOP_BYTES = 4 * 1024 * 1024;
/** Bytes that the word about a gap counts for. */
export const GAP_COUNTS = 1;
/** Messages and runs that one flow may have waiting for its reader; more are asked for again when those are used up. */
export const MOST_WAITING = 65_536;
/** Flows that a node hands to its parent at a time. */
export const MOST_FLOWS = 64;
/** Bytes kept of what followers of one log have been sent, for those who read it a little later. */
export const RING_BYTES = 1024 * 1024;

/** Milliseconds after which a flow or a `follow` ends that nobody has renewed, and between two renewals. */
export const LEASE_MS = 30_000;
export const RENEW_MS = 10_000;
/** Milliseconds without a word, not even an answer to a renewal, after which a flow is taken for broken. */
export const SILENT_MS = 15_000;
/** Milliseconds between two attempts at a flow that was not answered, and until it counts as failed. */
export const RETRY_MS = 500;
export const ANSWER_MS = 5_000;
