/** A message on disk: with its length and a checksum, so that one that was cut off or spoilt is known as such. */
import type { Message } from '../../broker/link.js';
import { crc32 } from '../core/crc32.js';

/** First line of a segment; the number rises when what follows is written in another way. */
export const VERSION = 1;
export const HEADER = Buffer.from(`canopy spool ${VERSION}\n`);

/** u32 bytes of the body, u32 crc32 of it; body: u8 flags, u16 bytes of the topic, topic, payload. Little-endian. */
const HEAD = 8;
const FIXED = 3;
const RETAIN = 1;
/** What MQTT allows for a packet. */
const MOST_BYTES = 268_435_455;

export function encode({ topic, payload, retain }: Message): Buffer {
  const name = Buffer.from(topic);
  const record = Buffer.allocUnsafe(HEAD + FIXED + name.length + payload.length);
  record.writeUInt32LE(record.length - HEAD, 0);
  record.writeUInt8(retain ? RETAIN : 0, HEAD);
  record.writeUInt16LE(name.length, HEAD + 1);
  name.copy(record, HEAD + FIXED);
  payload.copy(record, HEAD + FIXED + name.length);
  record.writeUInt32LE(crc32(record.subarray(HEAD)), 4);
  return record;
}

/** `torn`: it ends before its end. `bad`: it is none. */
export type Found = { readonly message: Message; readonly end: number } | 'torn' | 'bad';

/** The record that begins at `at`; `from` must reach further than that. Its payload is a copy. */
export function decode(from: Buffer, at: number): Found {
  if (at + HEAD > from.length) return 'torn';
  const length = from.readUInt32LE(at);
  if (length < FIXED || length > MOST_BYTES) return 'bad';
  const end = at + HEAD + length;
  if (end > from.length) return 'torn';
  const body = from.subarray(at + HEAD, end);
  if (crc32(body) !== from.readUInt32LE(at + 4)) return 'bad';
  const topicEnd = FIXED + body.readUInt16LE(1);
  if (topicEnd > body.length) return 'bad';
  const topic = body.toString('utf8', FIXED, topicEnd);
  const payload = Buffer.from(body.subarray(topicEnd));
  return { message: { topic, payload, qos: 1, retain: (body.readUInt8(0) & RETAIN) !== 0 }, end };
}

/** What a first line says that is not ours. */
export function foreignHeader(from: Buffer): 'newer' | 'none' | null {
  if (from.subarray(0, HEADER.length).equals(HEADER)) return null;
  const version = /^canopy spool (\d{1,9})\n/.exec(from.toString('latin1', 0, 32))?.[1];
  return Number(version) > VERSION ? 'newer' : 'none';
}
