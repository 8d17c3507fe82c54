/** Labels of a leaf: what a select and a placement may ask for, such as `zone=a`. */

export type Labels = Readonly<Record<string, string>>;

export const LABEL_RULE =
  'key=value, joined by commas: a key of 1 to 63 and a value of 0 to 63 of A-Z a-z 0-9 _ . - (the key begins with a letter or digit)';
const SHAPE = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,62})=([A-Za-z0-9_.-]{0,63})$/;
/** Each is counted in every roll-up above. */
export const MOST_LABELS = 16;

/** `zone=a,disk=ssd`; null where it is not of that form, or a key comes twice. */
export function parseLabels(text: string): Labels | null {
  const parts = text.split(',').map(part => SHAPE.exec(part.trim()));
  if (parts.length > MOST_LABELS || parts.some(part => part === null)) return null;
  const pairs = parts.map(part => [part?.[1] as string, part?.[2] as string] as const);
  return new Set(pairs.map(([key]) => key)).size === pairs.length ? Object.fromEntries(pairs) : null;
}

/** One `key=value`; null where it is none. */
export const isLabel = (text: string): boolean => SHAPE.test(text);

export const labelsInWords = (labels: Labels): string[] =>
  Object.entries(labels).map(([key, value]) => `${key}=${value}`);

export const hasLabel = (labels: Labels | null, label: string): boolean =>
  labels !== null && labelsInWords(labels).includes(label);
