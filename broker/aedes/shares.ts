/** How much each direct child, with all below it, has retained: so that one can't use up what there is room for. */
interface Share {
  count: number;
  bytes: number;
}

export interface ShareLimits {
  readonly maxRetainedPerChild: number;
  readonly maxRetainedBytesPerChild: number;
}

export class Shares {
  readonly #byChild = new Map<string, Share>();

  constructor(
    private readonly prefix: string,
    private readonly limits: ShareLimits,
  ) {}

  fits(topic: string, grownBy: Share): boolean {
    const { count, bytes } = this.#byChild.get(this.#childOf(topic)) ?? { count: 0, bytes: 0 };
    const { maxRetainedPerChild, maxRetainedBytesPerChild } = this.limits;
    return count + grownBy.count <= maxRetainedPerChild && bytes + grownBy.bytes <= maxRetainedBytesPerChild;
  }

  add(topic: string, { count, bytes }: Share): void {
    const child = this.#childOf(topic);
    const share = this.#byChild.get(child) ?? { count: 0, bytes: 0 };
    share.count += count;
    share.bytes += bytes;
    if (share.count > 0) this.#byChild.set(child, share);
    else this.#byChild.delete(child);
  }

  /** `canopy/rack1/web/state` -> rack1; what is not ours is all one. */
  #childOf(topic: string): string {
    const from = this.prefix.length + 1;
    if (!topic.startsWith(`${this.prefix}/`)) return '';
    const to = topic.indexOf('/', from);
    return to === -1 ? '' : topic.slice(from, to);
  }
}
