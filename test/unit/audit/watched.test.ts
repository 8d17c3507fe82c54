import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watched } from '../../../src/audit/watched.js';
import type { AuditNote } from '../../../src/core/audit-entry.js';
import type { Denial, Principal } from '../../../src/core/principal.js';
import { Tally } from '../../../src/core/tally.js';
import { printJoinToken } from '../../../src/identity/join-token.js';
import { newToken, printJoinSecret, printToken } from '../../../src/identity/token-text.js';

const DENIED: Denial = { code: 'bad-credentials', reason: 'x' };

async function noted(username: string | undefined, answer: Principal | Denial): Promise<AuditNote[]> {
  const notes: AuditNote[] = [];
  const audit = { note: (entry: AuditNote) => void notes.push(entry) };
  const inner = { authenticate: () => Promise.resolve(answer) };
  const shown = { address: '::ffff:10.0.0.1', ...(username !== undefined && { username }) };
  await watched(inner, { audit, counts: new Tally(), via: 'mqtt' }).authenticate(shown);
  return notes;
}

test('a token that is shown where a name belongs does not get into the log', async () => {
  const token = newToken();
  const join = printJoinToken({
    ...{ url: 'mqtts://localhost:8883', ca: 'ab'.repeat(32), name: 'web', kind: 'leaf' },
    secret: printJoinSecret(token),
    exp: 1,
  });
  const texts = [
    printToken(token),
    printJoinSecret(token),
    join,
    `Bearer ${printToken(token)}`,
    'cnpy_cut off',
  ];
  for (const text of texts) {
    const [note] = await noted(text, DENIED);
    assert.equal(note?.by, '(a token)', text);
    assert.ok(!JSON.stringify(note).includes(token.secret));
  }
});

test('who is denied is noted as what he calls himself, who is known by his name', async () => {
  const by = async (username: string | undefined, answer: Principal | Denial) =>
    (await noted(username, answer)).map(note => [note.by, note.outcome]);
  assert.deepEqual(await by('web', DENIED), [['web', 'refused']]);
  assert.deepEqual(await by(undefined, DENIED), [['', 'refused']]);
  assert.deepEqual(await by('x', { kind: 'node', name: 'web', is: 'leaf' }), [['web', 'accepted']]);
});
