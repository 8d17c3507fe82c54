/** Aedes 1.2.0 and its parser take, or mistake, much that MQTT 3.1.1 forbids; here it ends the connection. */
import type { Refusal } from '../rules.js';
import { violation } from '../wire/violations.js';
import type { PrivateClient, PrivateParser } from './aedes-private.js';

const UNACCEPTABLE_VERSION = Buffer.from([0x20, 2, 0, 1]);

/** Holds every whole packet against the standard before it is parsed, and lets nothing pass behind a DISCONNECT. */
export function beStrict(client: PrivateClient, onViolation: (why: Refusal) => void): void {
  const { conn, _parser: parser } = client;
  const parsePayload = parser._parsePayload.bind(parser);
  let isOver = false;
  parser._parsePayload = () => {
    // MQTT-3.14.4-2: nothing is handled that came behind a DISCONNECT.
    if (isOver || conn.destroyed) return false;
    const { packet, _list: received } = parser;
    if (packet.length > 0 && received.length < packet.length) return false;
    const problem = violation({ ...wordsOf(packet), body: bodyOf(parser) });
    if (!problem) {
      isOver = packet.cmd === 'disconnect';
      return parsePayload();
    }
    isOver = true;
    if (problem.returnCode) {
      onViolation(malformed(problem.reason));
      conn.end(UNACCEPTABLE_VERSION, () => conn.destroy());
    } else parser._emitError(new Error(problem.reason));
    return false;
  };
  parser.on('error', (error: Error) => {
    isOver = true;
    onViolation(malformed(error.message));
  });
}

const malformed = (reason: string): Refusal => ({ code: 'malformed-packet', reason });

const wordsOf = ({ cmd, qos, dup, length }: PrivateParser['packet']) => ({ cmd, qos, dup, length });

/** Of a PUBLISH all but the payload: that is not looked at, and may be in many pieces. */
function bodyOf({ packet, _list }: PrivateParser): Buffer {
  if (packet.cmd !== 'publish' || packet.length < 2) return _list.slice(0, packet.length);
  return _list.slice(0, Math.min(packet.length, 4 + _list.readUInt16BE(0)));
}
