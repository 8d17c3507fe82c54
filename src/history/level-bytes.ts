/** Pieces of the file format of LevelDB (its doc/table_format.md, doc/log_format.md): numbers, sums, and what Snappy has packed. */

const ONE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});
const next = (table: Int32Array): Int32Array => table.map(crc => (ONE[crc & 0xff] as number) ^ (crc >>> 8));
const TWO = next(ONE);
const THREE = next(TWO);
const FOUR = next(THREE);

/** CRC-32C (RFC 3720, B.4) as LevelDB stores it: turned and shifted. Four bytes at a time: megabytes are to be summed at a start. */
export function maskedCrc(bytes: Buffer): number {
  const words = bytes.length - (bytes.length % 4);
  let [crc, at] = [-1, 0];
  for (; at < words; at += 4) {
    crc ^= (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    crc ^= (bytes[at + 3] as number) << 24;
    crc =
      (FOUR[crc & 0xff] as number) ^
      (THREE[(crc >>> 8) & 0xff] as number) ^
      (TWO[(crc >>> 16) & 0xff] as number) ^
      (ONE[crc >>> 24] as number);
  }
  for (; at < bytes.length; at++) crc = (ONE[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  const sum = ~crc >>> 0;
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/** Reads on from a place; throws a RangeError behind the end. */
export class Cursor {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Seven bits to a byte, the least first. Exact up to 2^53. */
  varint(): number {
    for (let [value, factor] = [0, 1]; ; factor *= 128) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Buffer {
    if (this.at + length > this.bytes.length) throw new RangeError('it ends too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Its length before it. */
  counted(): Buffer {
    return this.take(this.varint());
  }
}

/** Of a block whose sum was right. */
export function unpacked(packed: Buffer): Buffer {
  const from = new Cursor(packed);
  const all = Buffer.alloc(from.varint());
  let at = 0;
  while (!from.isAtEnd) {
    const tag = from.take(1).readUInt8();
    if ((tag & 3) === 0) {
      const length = tag >> 2;
      const bytes = from.take((length < 60 ? length : from.take(length - 59).readUIntLE(0, length - 59)) + 1);
      at += bytes.copy(all, at);
      continue;
    }
    const [length, back] = copied(tag, from);
    // What is copied may be what this very copy makes.
    for (let left = length; left > 0; left--, at++) all[at] = all[at - back] as number;
  }
  return all;
}

function copied(tag: number, from: Cursor): [length: number, back: number] {
  if ((tag & 3) === 1) return [((tag >> 2) & 7) + 4, ((tag >> 5) << 8) | from.take(1).readUInt8()];
  const size = (tag & 3) === 2 ? 2 : 4;
  return [(tag >> 2) + 1, from.take(size).readUIntLE(0, size)];
}
