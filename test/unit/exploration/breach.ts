/** Something that may not be. */
export class Breach extends Error {}

export const breach = (what: string): never => {
  throw new Breach(what);
};
