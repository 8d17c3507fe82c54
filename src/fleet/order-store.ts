/** Standing orders on disk: they outlive the node. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { STRATEGIES } from '../balance/choose.js';
import { keyOf, type StandingOrder, SURPLUS_RULES } from '../balance/standing-order.js';
import { CanopyError } from '../core/errors.js';

/** More would be an attack: each is looked at twice a second. */
const MOST = 1000;

export class OrderStore {
  private readonly orders = new Map<string, StandingOrder>();
  /** Why the file could not be used; null where it could. */
  readonly problem: string | null;

  constructor(private readonly file: string) {
    const { orders, problem } = read(file);
    for (const order of orders) this.orders.set(keyOf(order), order);
    this.problem = problem;
  }

  all(): StandingOrder[] {
    return [...this.orders.values()];
  }
  get(key: string): StandingOrder | undefined {
    return this.orders.get(key);
  }

  /** Written down before it is carried out. Throws `orders-full`, or what the file system says. */
  set(order: StandingOrder): void {
    const key = keyOf(order);
    if (!this.orders.has(key) && this.orders.size >= MOST)
      throw new CanopyError(
        'orders-full',
        `there are ${MOST} standing orders here, the most that a node keeps`,
      );
    this.write(new Map(this.orders).set(key, order));
    this.orders.set(key, order);
  }

  delete(key: string): boolean {
    const left = new Map(this.orders);
    if (!left.delete(key)) return false;
    this.write(left);
    return this.orders.delete(key);
  }

  private write(orders: ReadonlyMap<string, StandingOrder>): void {
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(`${this.file}.new`, `${JSON.stringify([...orders.values()], null, 1)}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}

function read(file: string): { orders: StandingOrder[]; problem: string | null } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { orders: [], problem: missing ? null : (error as Error).message };
  }
  try {
    const found: unknown = JSON.parse(text);
    if (Array.isArray(found) && found.every(isOrder)) return { orders: found, problem: null };
    return { orders: [], problem: `${file}: expected a list of standing orders` };
  } catch (error) {
    return { orders: [], problem: `${file}: ${(error as Error).message}` };
  }
}

function isOrder(value: unknown): value is StandingOrder {
  const it = value as StandingOrder;
  return (
    typeof it?.app === 'string' &&
    Number.isInteger(it.count) &&
    STRATEGIES.includes(it.strategy) &&
    SURPLUS_RULES.includes(it.surplus) &&
    typeof it.lostAfter === 'number' &&
    Array.isArray(it.replacements)
  );
}
