/** What a client would rather have, by its Accept or Accept-Encoding header: RFC 9110, section 12.5. */

/** The first of the best liked of `offers`; null where the header leaves none. Where there is no header, the first. */
export function preferred<T extends string>(header: string | undefined, offers: readonly T[]): T | null {
  if (header === undefined || header.trim() === '') return offers[0] ?? null;
  const ranges = header.split(',').map(parse);
  let best: { offer: T; quality: number } | null = null;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer ?? null;
}

interface Range {
  readonly range: string;
  readonly quality: number;
}

function parse(text: string): Range {
  const [range = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase());
  const q = parameters.find(parameter => parameter.startsWith('q='))?.slice(2);
  const quality = q === undefined ? 1 : Number(q);
  return { range, quality: Number.isFinite(quality) ? Math.min(Math.max(quality, 0), 1) : 0 };
}

/** By the range that says most: `text/plain` before `text/*` before `*` with or without its slash. */
function qualityOf(offer: string, ranges: readonly Range[]): number {
  const wanted = [offer, `${offer.split('/')[0]}/*`, '*/*', '*'];
  for (const range of wanted) {
    const found = ranges.find(each => each.range === range);
    if (found) return found.quality;
  }
  return 0;
}
