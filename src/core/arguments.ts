/** Arguments of commands, checked one by one. All throw `bad-argument`, saying what was expected and what was found. */
import { CanopyError } from './errors.js';

export type Arguments = Readonly<Record<string, unknown>>;

export const wrong = (name: string, expected: string, found: unknown): CanopyError =>
  new CanopyError('bad-argument', `${name}: expected ${expected}, found ${JSON.stringify(found) ?? 'none'}`);

/** The arguments, where every key is one of `known`. */
export function onlyKnown(op: string, args: Arguments, known: readonly string[]): Arguments {
  const strange = Object.keys(args).find(key => !known.includes(key));
  if (strange === undefined) return args;
  const takes = known.length > 0 ? `takes ${known.join(', ')}` : 'takes no arguments';
  throw new CanopyError('bad-argument', `"${op}" ${takes}, found "${strange}"`);
}

export function whole(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  throw wrong(name, `a whole number from ${least} to ${most}`, value);
}

export function seconds(name: string, value: unknown, most: number): number {
  if (typeof value === 'number' && value > 0 && value <= most) return value;
  throw wrong(name, `seconds above 0 and up to ${most}`, value);
}

export function flag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw wrong(name, 'true or false', value);
}

export function word<T extends string>(name: string, value: unknown, known: readonly T[]): T {
  if ((known as readonly unknown[]).includes(value)) return value as T;
  throw wrong(name, `one of ${known.join(', ')}`, value);
}
