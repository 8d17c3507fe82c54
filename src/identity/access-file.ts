/** What `access.json` holds: who may come in by a secret. Secrets are there as hashes only. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Compile } from 'typebox/compile';
import { nameProblem, pathProblem } from '../core/names.js';
import { isHash } from './hash.js';
import type { Format } from './kept-file.js';

const millis = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const hash = Type.String({ maxLength: 200 });
const id = Type.String({ pattern: '^[0-9a-f]{12}$' });
const revokedAt = Type.Optional(millis);
const is = Type.Enum(['leaf', 'relay']);

const TokenSchema = Type.Object({
  id,
  name: Type.String({ minLength: 1, maxLength: 64 }),
  role: Type.Enum(['viewer', 'operator', 'admin']),
  under: Type.String({ maxLength: 1024 }),
  createdAt: millis,
  /** Null: it does not expire. */
  expiresAt: Type.Union([millis, Type.Null()]),
  revokedAt,
  hash,
});
const NodeSecretSchema = Type.Object({
  name: Type.String({ maxLength: 64 }),
  is,
  createdAt: millis,
  expiresAt: Type.Union([millis, Type.Null()]),
  revokedAt,
  hash,
});
const JoinSchema = Type.Object({
  id,
  name: Type.String({ maxLength: 64 }),
  is,
  createdAt: millis,
  expiresAt: millis,
  /** When its one certificate was issued. */
  spentAt: Type.Optional(millis),
  revokedAt,
  hash,
});
const FileSchema = Type.Object({
  v: Type.Literal(1),
  tokens: Type.Array(TokenSchema),
  nodes: Type.Array(NodeSecretSchema),
  joins: Type.Array(JoinSchema),
});

export type TokenRecord = Static<typeof TokenSchema>;
export type NodeSecretRecord = Static<typeof NodeSecretSchema>;
export type JoinRecord = Static<typeof JoinSchema>;
export type AccessFile = Static<typeof FileSchema>;

const validator = Compile(FileSchema);

export const ACCESS: Format<AccessFile> = {
  empty: { v: 1, tokens: [], nodes: [], joins: [] },
  parse(text) {
    const found = parseJson(text);
    if (!validator.Check(found)) throw new Error(shapeProblem(found));
    const problem = problemIn(found);
    if (problem) throw new Error(problem);
    return found;
  },
  print: value => `${JSON.stringify(value, null, 1)}\n`,
};

/** Its own message would show what stands in the file. @throws Error */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(
      `expected JSON, found ${text === '' ? 'nothing' : 'text that is cut off, or something else'}`,
    );
  }
}

function shapeProblem(found: unknown): string {
  const version = (found as { v?: unknown } | null)?.v;
  if (version !== 1) return `expected "v": 1, found ${JSON.stringify(version)?.slice(0, 60) ?? 'none'}`;
  const [first] = validator.Errors(found);
  return `expected the file that canopy wrote, found that ${first?.instancePath || 'it'} ${first?.message ?? 'differs'}`;
}

/** What a schema can't say. A name or an id that is there twice would leave open which one counts. */
function problemIn({ tokens, nodes, joins }: AccessFile): string | null {
  const bad = [...tokens, ...nodes, ...joins].find(it => !isHash(it.hash));
  if (bad) return `expected an scrypt hash for ${JSON.stringify(bad.name)}, found something else`;
  for (const { under } of tokens) {
    const problem = pathProblem(under);
    if (problem) return problem;
  }
  for (const { name } of [...nodes, ...joins]) {
    const problem = nameProblem(name);
    if (problem) return problem;
  }
  const twice = repeated([...tokens, ...joins].map(it => it.id)) ?? repeated(nodes.map(it => it.name));
  return twice === null ? null : `expected one record of ${JSON.stringify(twice)}, found two`;
}

function repeated(all: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const each of all) {
    if (seen.has(each)) return each;
    seen.add(each);
  }
  return null;
}
