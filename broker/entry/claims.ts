/** Who holds a name at this broker: two live nodes of one name must not take turns pushing each other out. */

export interface Holder {
  readonly instance: string;
  /** False once its connection is gone: a claim lives no longer than that. */
  alive(): boolean;
  /** Drops the connection; the will fires. */
  drop(): void;
}

export class Claims {
  readonly #holders = new Map<string, Holder>();

  /** Whether another live instance holds the name. */
  isTaken(name: string, instance: string): boolean {
    const holder = this.#holders.get(name);
    return holder?.alive() === true && holder.instance !== instance;
  }

  /** Whether a live node of this name is connected. */
  holds(name: string): boolean {
    return this.#holders.get(name)?.alive() === true;
  }

  /** Takes the name; false if another live instance has it. The same instance takes over from itself. */
  take(name: string, next: Holder): boolean {
    if (this.isTaken(name, next.instance)) return false;
    const previous = this.#holders.get(name);
    this.#holders.set(name, next);
    if (previous !== next && previous?.alive()) previous.drop();
    return true;
  }

  /** The connection of this holder ended; a successor's claim stays. */
  end(name: string, holder: Holder): void {
    if (this.#holders.get(name) === holder) this.#holders.delete(name);
  }

  /** Frees the name and drops who holds it; false if nobody did. */
  release(name: string): boolean {
    const holder = this.#holders.get(name);
    this.#holders.delete(name);
    holder?.drop();
    return holder !== undefined;
  }
}
