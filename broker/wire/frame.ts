/** PUBLISH packets of QoS 0 by the byte (MQTT 3.1.1, 3.3): the shape of every heartbeat. Pure. */

/** First byte: QoS 0, not retained, no duplicate. */
const PUBLISH = 0x30;
const RETAIN = 1;

/** Where the parts of a whole packet lie in a chunk. */
export interface Frame {
  topicAt: number;
  payloadAt: number;
  end: number;
}

/** Notes in `frame` a QoS 0 packet that begins at `at`; false where it is another one, broken, too long or not all there. */
export function readFrame(chunk: Buffer, at: number, maxBytes: number, frame: Frame): boolean {
  if (chunk[at] !== PUBLISH) return false;
  let length = 0;
  let next = at + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = chunk[next++];
    if (byte === undefined || shift > 21) return false;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (length < 3 || length > maxBytes || next + length > chunk.length) return false;
  frame.topicAt = next + 2;
  frame.payloadAt = frame.topicAt + chunk.readUInt16BE(next);
  frame.end = next + length;
  return frame.payloadAt > frame.topicAt && frame.payloadAt <= frame.end;
}

/** Bytes that a frame takes at most. */
export const frameRoom = (topic: string, payload: Buffer): number => 7 + topic.length * 3 + payload.length;

/** Writes a packet at `at`, where frameRoom must be; returns where it ends. */
export function writeFrame(
  into: Buffer,
  at: number,
  topic: string,
  payload: Buffer,
  retain: boolean,
): number {
  const next = writeHead(into, at, topic, payload.length, retain);
  return next + payload.copy(into, next);
}

function writeHead(into: Buffer, at: number, topic: string, bytes: number, retain: boolean): number {
  const topicBytes = Buffer.byteLength(topic);
  let length = 2 + topicBytes + bytes;
  let next = at;
  into[next++] = retain ? PUBLISH | RETAIN : PUBLISH;
  for (; length > 0x7f; length >>>= 7) into[next++] = (length & 0x7f) | 0x80;
  into[next++] = length;
  next = into.writeUInt16BE(topicBytes, next);
  return next + into.write(topic, next);
}

/** All of a packet before its payload of so many bytes, which then need not be copied to follow it. */
export function headOf(topic: string, bytes: number): Buffer {
  const room = Buffer.allocUnsafe(7 + topic.length * 3);
  return room.subarray(0, writeHead(room, 0, topic, bytes, false));
}

export function frameOf(topic: string, payload: Buffer): Buffer {
  const room = Buffer.allocUnsafe(frameRoom(topic, payload));
  return room.subarray(0, writeFrame(room, 0, topic, payload, false));
}
