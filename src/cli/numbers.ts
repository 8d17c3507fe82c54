/** Numbers among the arguments of a command. */
import { InvalidArgumentError } from 'commander';

/** Seconds: a rolling restart of many takes its time. */
const MOST_WAIT_S = 86_400;

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError(`expected a number, found ${JSON.stringify(text)}`);
  return value;
}

export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= MOST_WAIT_S))
    throw new InvalidArgumentError(`expected 0 to ${MOST_WAIT_S} seconds, found ${JSON.stringify(text)}`);
  return value;
}

/** Of entries that are asked for. */
export function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`expected a number of entries, found ${JSON.stringify(text)}`);
}
