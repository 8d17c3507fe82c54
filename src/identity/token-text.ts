/** Texts of secrets that people and nodes carry. Pure but for the random bytes. */
import { randomBytes } from 'node:crypto';

/** The id is no secret: it names the record, so that one look and one scrypt decide. */
export interface Token {
  readonly id: string;
  readonly secret: string;
}

const ID_BYTES = 6;
/** 256 bits: nothing that can be guessed, whatever the hash costs. */
const SECRET_BYTES = 32;
const PERSON = /^cnpy_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const JOIN = /^([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');
export const newToken = (): Token => ({ id: randomBytes(ID_BYTES).toString('hex'), secret: newSecret() });

/** `cnpy_<id>_<secret>`: of a person or program, as MQTT password or bearer token. */
export const printToken = ({ id, secret }: Token): string => `cnpy_${id}_${secret}`;
/** Null where it is none. */
export const parseToken = (text: string): Token | null => parsed(PERSON, text);

/** `<id>_<secret>`: the secret inside a join token, with which the child connects as `join`. */
export const printJoinSecret = ({ id, secret }: Token): string => `${id}_${secret}`;
export const parseJoinSecret = (text: string): Token | null => parsed(JOIN, text);

function parsed(shape: RegExp, text: string): Token | null {
  const [, id, secret] = shape.exec(text) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : null;
}
