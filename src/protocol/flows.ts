/**
 * What two neighbours say to each other to hand logs on, hop by hop: `_flow` down, `_log` up. The only place that knows how
 * the two look. They are no channels of the contract: no bridge carries them, and nobody else need understand them.
 */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { LogRun } from '../core/log-lines.js';
import { LOG_STREAMS } from '../core/log-lines.js';
import { MalformedPayload, parseJson } from './codec.js';
import { type ChannelRow, PREFIX } from './topics.js';

export type HopChannel = '_flow' | '_log';

export const HOP_TOPICS: { readonly [C in HopChannel]: ChannelRow } = {
  _flow: { flow: 'down', qos: 0, retain: false },
  _log: { flow: 'up', qos: 0, retain: false },
};

export const hopTopic = (path: string, channel: HopChannel): string => `${PREFIX}/${path}/${channel}`;

/** The path that a hop topic is about; null for any other topic. */
export function splitHopTopic(topic: string): { path: string; channel: HopChannel } | null {
  const end = topic.lastIndexOf('/');
  const channel = topic.slice(end + 1);
  if (channel !== '_flow' && channel !== '_log') return null;
  if (!topic.startsWith(`${PREFIX}/`) || end <= PREFIX.length) return null;
  return { path: topic.slice(PREFIX.length + 1, end), channel };
}

const v = Type.Literal(1);
const whole = Type.Integer({ minimum: 0 });
const id = Type.String({ minLength: 1, maxLength: 128 });

const QuerySchema = Type.Object({
  tail: Type.Optional(whole),
  after: Type.Optional(whole),
  since: Type.Optional(whole),
  until: Type.Optional(whole),
  stream: Type.Optional(Type.Enum(LOG_STREAMS)),
  grep: Type.Optional(
    Type.Object({ pattern: Type.String({ minLength: 1, maxLength: 1000 }), fixed: Type.Boolean() }),
  ),
  follow: Type.Optional(Type.Boolean()),
});

/** Asks for a flow, keeps it, raises its limit, ends it; or, with `hello`, greets a node. */
export const FlowAskSchema = Type.Object({
  v,
  flow: Type.Optional(id),
  /** Below the node addressed, '' itself. */
  path: Type.Optional(Type.String({ maxLength: 600 })),
  query: Type.Optional(QuerySchema),
  self: Type.Optional(Type.Boolean()),
  wait: Type.Optional(Type.Boolean()),
  /** Bytes of lines allowed in all since it began. */
  limit: Type.Optional(whole),
  /** It may have begun already: then this renews it. */
  open: Type.Optional(Type.Boolean()),
  close: Type.Optional(Type.Boolean()),
  /** The path by which the greeting node knows the greeted one. */
  hello: Type.Optional(Type.String({ maxLength: 600 })),
});
export type FlowAsk = Static<typeof FlowAskSchema>;

const RunSchema = Type.Object({
  seq: whole,
  lines: Type.Integer({ minimum: 1 }),
  ts: whole,
  stream: Type.Enum(LOG_STREAMS),
  bytes: whole,
  more: Type.Optional(Type.Literal(true)),
  unended: Type.Optional(Type.Literal(true)),
});
const seqOrNone = Type.Union([whole, Type.Null()]);

export const FlowHeadSchema = Type.Object({
  v,
  flow: Type.Optional(id),
  /** Bytes of lines sent on this flow before this message, a gap counted as one. */
  n: Type.Optional(whole),
  runs: Type.Optional(Type.Array(RunSchema)),
  gap: Type.Optional(Type.Object({ from: whole, to: whole, reason: Type.String({ maxLength: 1024 }) })),
  end: Type.Optional(Type.Object({ first: seqOrNone, last: seqOrNone })),
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
  alive: Type.Optional(Type.Literal(true)),
  /** There is no such flow (any more). */
  gone: Type.Optional(Type.Literal(true)),
  /** Asks to be greeted. */
  hello: Type.Optional(Type.Literal(true)),
});
export type FlowHead = Static<typeof FlowHeadSchema>;

export interface FlowMessage {
  readonly head: FlowHead;
  readonly bytes: Buffer;
}

const [asks, heads] = [Compile(FlowAskSchema), Compile(FlowHeadSchema)];
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

export const encodeAsk = (ask: Omit<FlowAsk, 'v'>): Buffer => Buffer.from(JSON.stringify({ v: 1, ...ask }));

export function decodeAsk(payload: Buffer): FlowAsk {
  const value = parseJson(payload);
  if (asks.Check(value)) return value;
  throw new MalformedPayload('_flow payload: expected what asks for, renews or ends a flow');
}

/** One line of JSON, then the bytes of the runs as they are: parts of one payload. */
export function encodeFlow(head: Omit<FlowHead, 'v'>, bytes: readonly Buffer[] = []): Buffer[] {
  return [Buffer.from(`${JSON.stringify({ v: 1, ...head })}\n`), ...bytes];
}

export function decodeFlow(payload: Buffer): FlowMessage {
  const end = payload.indexOf(NEWLINE);
  const head = parseJson(payload.subarray(0, end === -1 ? payload.length : end));
  if (!heads.Check(head)) throw new MalformedPayload('_log payload: expected a header line of a flow');
  const bytes = end === -1 ? NOTHING : payload.subarray(end + 1);
  const said = (head.runs ?? []).reduce((sum, run) => sum + run.bytes, 0);
  if (said !== bytes.length)
    throw new MalformedPayload(`_log payload: expected ${said} bytes of lines, found ${bytes.length}`);
  return { head, bytes };
}

/** For the types: what the wire says of a run is what is said everywhere. */
export const runsOf = (head: FlowHead): readonly LogRun[] => (head.runs ?? []) as readonly LogRun[];
