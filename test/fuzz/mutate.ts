/** Seeded mutations: of bytes, and of JSON and texts by what is known to hurt. */
import { mulberry } from '../support/random.js';

const HURTFUL = [
  '__proto__',
  'constructor',
  'toString',
  '1e308',
  '-1',
  '9007199254740993',
  '1e999',
  'null',
  '\0',
  '\ufffd',
  '\ud800',
  '../../../etc/passwd',
  '%2e%2e/',
  '$HOME',
  '$(id)',
  '(a+)+$',
  '+',
  '#',
  '$share/g/x',
  '\r\n\r\n',
  '[',
  '{"a":',
  '"',
  'é',
  '😀',
] as const;
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

export class Mutator {
  readonly #next: () => number;

  /** The same seed and case make the same mutations, whatever was done before. */
  constructor(seed: number, at: number) {
    this.#next = mulberry((seed ^ Math.imul(at + 1, 0x9e3779b1)) | 0);
  }

  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  /** One of the samples with one to eight things done to it; now and then as it is. */
  bytes(samples: readonly Buffer[]): Buffer {
    let bytes: Buffer = Buffer.from(this.one(samples));
    if (this.chance(0.03)) return bytes;
    for (let left = 1 + this.below(8); left > 0; left--) bytes = this.#once(bytes, samples);
    return bytes.subarray(0, 100_000);
  }

  text(samples: readonly string[]): string {
    return this.bytes(samples.map(sample => Buffer.from(sample))).toString();
  }

  #once(bytes: Buffer, samples: readonly Buffer[]): Buffer {
    const at = this.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + 1 + this.below(16));
    const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    switch (this.below(9)) {
      case 0: {
        const copy = Buffer.from(bytes);
        if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << this.below(8));
        return copy;
      }
      case 1: {
        const copy = Buffer.from(bytes);
        if (at < copy.length) copy[at] = this.one(EDGES);
        return copy;
      }
      case 2:
        return before;
      case 3:
        return Buffer.concat([before, after]);
      case 4:
        return Buffer.concat([before, part, part, after]);
      case 5:
        return Buffer.concat([
          before,
          Buffer.from(Array.from({ length: 1 + this.below(32) }, () => this.below(256))),
          after,
        ]);
      case 6:
        return Buffer.concat([before, Buffer.from(this.one(HURTFUL)), this.chance(0.5) ? after : part]);
      case 7: {
        const other = this.one(samples);
        return Buffer.concat([before, other.subarray(this.below(other.length + 1))]);
      }
      default:
        return Buffer.concat([
          before,
          Buffer.from(this.one(['[', '{"a":', 'x', '9', '/']).repeat(1 + this.below(2000))),
          after,
        ]);
    }
  }
}
