/** What `pki/issued.jsonl` holds: every certificate of this node's own CA, and which are revoked. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Compile } from 'typebox/compile';
import { parseJson } from './access-file.js';
import type { Format } from './kept-file.js';

const millis = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const IssuedSchema = Type.Object({
  v: Type.Literal(1),
  /** Lower-case hex. */
  serial: Type.String({ pattern: '^[0-9a-f]{2,40}$' }),
  name: Type.String({ minLength: 1, maxLength: 255 }),
  unit: Type.Enum(['leaf', 'relay', 'server']),
  notBefore: millis,
  notAfter: millis,
  revokedAt: Type.Optional(millis),
  /** SHA-256 of its DER, lower-case hex. */
  fingerprint256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  /** Its public key, DER in base64: enough to renew it without asking. */
  key: Type.String({ maxLength: 4096 }),
});
export type Issued = Static<typeof IssuedSchema>;

const validator = Compile(IssuedSchema);

export const ISSUED: Format<readonly Issued[]> = {
  empty: [],
  parse: text =>
    text
      .split('\n')
      .filter(line => line !== '')
      .map((line, index) => {
        const found = parseJson(line);
        if (validator.Check(found)) return found;
        const [first] = validator.Errors(found);
        throw new Error(
          `line ${index + 1}: expected a certificate that was issued, found that ${first?.instancePath || 'it'} ${first?.message ?? 'differs'}`,
        );
      }),
  print: all => all.map(it => `${JSON.stringify(it)}\n`).join(''),
};
