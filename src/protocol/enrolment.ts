/** The two channels between neighbours by which a child gets its certificate, and a new one before that ends. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Compile } from 'typebox/compile';
import { isName } from '../core/names.js';
import { MalformedPayload, parseJson } from './codec.js';
import { PREFIX } from './topics.js';

/** `_csr` goes up from the child that asks, `_cert` down to it. */
export type EnrolChannel = '_csr' | '_cert';

/** `name` of a direct child: nobody enrols further down. */
export const enrolTopic = (name: string, channel: EnrolChannel): string => `${PREFIX}/${name}/${channel}`;

/** Of the child that asks by a topic; null where it is another one. */
export function askingName(topic: string): string | null {
  const [prefix, name = '', channel, more] = topic.split('/');
  return prefix === PREFIX && channel === '_csr' && more === undefined && isName(name) ? name : null;
}

/** Characters of a PEM text, a chain of several certificates included. */
const pem = Type.String({ minLength: 1, maxLength: 65_536 });
const RequestSchema = Type.Object({ v: Type.Literal(1), csr: pem });
const AnswerSchema = Type.Object({
  v: Type.Literal(1),
  cert: Type.Optional(pem),
  ca: Type.Optional(pem),
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
});
const [request, answer] = [Compile(RequestSchema), Compile(AnswerSchema)];

/** Either `cert` and `ca`, or `error`. */
export type EnrolAnswer = Static<typeof AnswerSchema>;

export const encodeRequest = (csr: string): Buffer => Buffer.from(JSON.stringify({ v: 1, csr }));
export const encodeAnswer = (given: Omit<EnrolAnswer, 'v'>): Buffer =>
  Buffer.from(JSON.stringify({ v: 1, ...given }));

/** @throws MalformedPayload */
export function decodeRequest(payload: Buffer): string {
  const found = parseJson(payload);
  if (!request.Check(found))
    throw new MalformedPayload('expected {"v":1,"csr":…} with a PEM text, found something else');
  return found.csr;
}

/** @throws MalformedPayload */
export function decodeAnswer(payload: Buffer): EnrolAnswer {
  const found = parseJson(payload);
  if (answer.Check(found) && (found.error || (found.cert && found.ca))) return found;
  throw new MalformedPayload('expected {"v":1,"cert":…,"ca":…} or {"v":1,"error":…}, found something else');
}
