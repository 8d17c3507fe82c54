/** A message for which the other side ends the connection, whenever it comes: all behind it would wait for ever. Pure. */

/** Connections in a row that brought nothing across, after which messages go one by one; and those of one alone before it goes. */
const SUSPECT = 2;
const ALONE = 5;

export class Stuck {
  #losses = 0;
  #alone = 0;
  #wasTaken = false;

  /** Messages on their way at most. */
  most(usual: number): number {
    return this.#losses < SUSPECT ? usual : 1;
  }

  /** One was acknowledged. */
  taken(): void {
    this.#losses = 0;
    this.#alone = 0;
    this.#wasTaken = true;
  }

  /** A connection ended with so many on their way; whether the first of them is given up. */
  lost(onTheWay: number): boolean {
    const inVain = onTheWay > 0 && !this.#wasTaken;
    this.#wasTaken = false;
    if (!inVain) return false;
    this.#losses += 1;
    if (onTheWay === 1) this.#alone += 1;
    if (this.#losses <= SUSPECT || this.#alone < ALONE) return false;
    this.#losses = 0;
    this.#alone = 0;
    return true;
  }
}
