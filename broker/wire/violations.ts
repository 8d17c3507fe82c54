/** What a client may not send by MQTT 3.1.1, and the parser lets pass: each with the clause that says so. Pure. */
import { isUtf8 } from 'node:buffer';

/** A packet without its fixed header; of a PUBLISH what precedes the payload is enough. */
export interface WireFrame {
  readonly cmd: string | null;
  readonly qos: number;
  readonly dup: boolean;
  /** Remaining length: of a PUBLISH the body may be shorter. */
  readonly length: number;
  readonly body: Buffer;
}

export interface Violation {
  readonly reason: string;
  /** Of the CONNACK that it is answered with before the connection ends; absent where it just ends. */
  readonly returnCode?: 1;
}

const [USERNAME, PASSWORD, WILL, WILL_QOS] = [0x80, 0x40, 0x04, 0x18];
/** The highest bit of the version is the private mark of a mosquitto bridge. */
const VERSION = 0x7f;
const FROM_SERVERS = new Set(['connack', 'suback', 'unsuback', 'pingresp']);

const bad = (reason: string): Violation => ({ reason });

/** Why a packet ends the connection it came by (MQTT-4.8.0-1); null where nothing is wrong with it. */
export function violation(frame: WireFrame): Violation | null {
  const { cmd, length } = frame;
  switch (cmd) {
    case 'publish':
      return publishViolation(frame);
    case 'connect':
      return connectViolation(frame.body);
    case 'subscribe':
    case 'unsubscribe':
      return filtersViolation(frame);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      if (length !== 2) return bad(`a ${cmd} of ${length} bytes, it has 2`);
      return frame.body.readUInt16BE(0) === 0 ? bad(`a ${cmd} with id 0 (MQTT-2.3.1-1)`) : null;
    case 'pingreq':
    case 'disconnect':
      return length === 0 ? null : bad(`a ${cmd} of ${length} bytes, it has none`);
    default:
      return cmd && !FROM_SERVERS.has(cmd) ? null : bad(`${cmd ?? 'a reserved type'} from a client`);
  }
}

/** Reads fields one after the other; `ok` turns false at the first that is not all there. */
class Fields {
  ok = true;

  constructor(
    private readonly body: Buffer,
    private at = 0,
  ) {}

  get isAtEnd(): boolean {
    return this.at === this.body.length;
  }

  byte(): number {
    if (this.at >= this.body.length) this.ok = false;
    return this.ok ? (this.body[this.at++] ?? 0) : 0;
  }

  number(): number {
    return (this.byte() << 8) | this.byte();
  }

  bytes(): Buffer {
    const length = this.number();
    if (this.at + length > this.body.length) this.ok = false;
    if (!this.ok) return Buffer.alloc(0);
    this.at += length;
    return this.body.subarray(this.at - length, this.at);
  }
}

/** MQTT-1.5.3-1 and -2: text is UTF-8, and NUL is in none of it. */
function textViolation(what: string, text: Buffer): Violation | null {
  if (!isUtf8(text)) return bad(`${what} is not UTF-8 (MQTT-1.5.3-1)`);
  return text.includes(0) ? bad(`${what} contains NUL (MQTT-1.5.3-2)`) : null;
}

function publishViolation({ qos, dup, length, body }: WireFrame): Violation | null {
  const fields = new Fields(body);
  const topic = fields.bytes();
  if (!fields.ok) return bad(`a publish of ${length} bytes without its topic`);
  if (dup && qos === 0) return bad('a publish of QoS 0 that says to be a repetition (MQTT-3.3.1-2)');
  if (qos > 0 && fields.number() === 0) return bad('a publish with id 0, or none (MQTT-2.3.1-1)');
  return textViolation('the topic of a publish', topic);
}

function filtersViolation({ cmd, body }: WireFrame): Violation | null {
  const fields = new Fields(body);
  if (fields.number() === 0) return bad(`a ${cmd} with id 0, or none (MQTT-2.3.1-1)`);
  if (fields.isAtEnd) return bad(`a ${cmd} without a filter (MQTT-3.8.3-3, MQTT-3.10.3-2)`);
  while (!fields.isAtEnd) {
    const filter = fields.bytes();
    if (cmd === 'subscribe' && fields.byte() > 2) return bad('a subscribe with a QoS above 2 (MQTT-3.8.3-4)');
    if (!fields.ok) return bad(`a ${cmd} that ends within a filter`);
    const problem = textViolation(`a filter of a ${cmd}`, filter);
    if (problem) return problem;
  }
  return null;
}

function connectViolation(body: Buffer): Violation | null {
  const fields = new Fields(body);
  const protocol = fields.bytes().toString('latin1');
  if (protocol !== 'MQTT' && protocol !== 'MQIsdp')
    return bad('a connect of another protocol (MQTT-3.1.2-1)');
  const version = fields.byte() & VERSION;
  if (!fields.ok) return bad('a connect that ends before its version');
  if (version !== (protocol === 'MQTT' ? 4 : 3)) {
    return {
      reason: `version ${version} of ${protocol}, which is not spoken here (MQTT-3.1.2-2)`,
      returnCode: 1,
    };
  }
  const flags = fields.byte();
  fields.number();
  if ((flags & WILL_QOS) === WILL_QOS) return bad('a will of QoS 3 (MQTT-3.1.2-14)');
  if (flags & PASSWORD && !(flags & USERNAME)) return bad('a password without a user name (MQTT-3.1.2-22)');
  const texts: [what: string, text: Buffer][] = [['the client id', fields.bytes()]];
  if (flags & WILL) {
    texts.push(['the topic of a will', fields.bytes()]);
    fields.bytes();
  }
  if (flags & USERNAME) texts.push(['the user name', fields.bytes()]);
  if (flags & PASSWORD) fields.bytes();
  if (!fields.ok) return bad('a connect without something that its flags announce (MQTT-3.1.3-1)');
  if (!fields.isAtEnd) return bad('a connect with more than its flags announce');
  for (const [what, text] of texts) {
    const problem = textViolation(what, text);
    if (problem) return problem;
  }
  return null;
}
