/** What says who somebody is: files, texts and certificates, mutated and read by who reads them. Wrong ones are told by a CanopyError. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAudit } from '../../src/audit/read.js';
import { systemClock } from '../../src/core/clock.js';
import { CanopyError } from '../../src/core/errors.js';
import { AccessStore } from '../../src/identity/access-store.js';
import { checkGiven } from '../../src/identity/given.js';
import { parseJoinToken } from '../../src/identity/join-token.js';
import { openPki, type Pki } from '../../src/identity/pki.js';
import { parseJoinSecret, parseToken } from '../../src/identity/token-text.js';
import { makeRequest, newKey } from '../../src/identity/x509.js';
import { MalformedPayload } from '../../src/protocol/codec.js';
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from '../../src/protocol/enrolment.js';
import type { Mutator } from './mutate.js';
import { FILES, TOKENS } from './samples.js';

/** One who has joined, and what he was given. */
interface Known {
  readonly pki: Pki;
  readonly key: string;
  readonly csr: string;
  readonly cert: string;
  readonly ca: string;
}

export class IdentityFuzz {
  #known: Known | null = null;

  constructor(private readonly dir: string) {}

  async prepare(): Promise<void> {
    const pki = openPki(this.dir, systemClock);
    await pki.init('fuzz');
    const key = newKey();
    const csr = await makeRequest('web', key);
    const { cert, ca } = await pki.issue({ name: 'web', is: 'leaf', csr });
    this.#known = { pki, key, csr, cert, ca };
  }

  /** Throws what a reader should not have thrown. */
  async run(mutator: Mutator): Promise<void> {
    const readers = [
      () => this.#access(mutator),
      () => this.#issued(mutator),
      () => this.#audit(mutator),
      () => tokens(mutator),
      () => this.#request(mutator),
      () => this.#answer(mutator),
    ];
    await told(mutator.one(readers));
  }

  #write(name: string, bytes: Buffer): void {
    writeFileSync(join(this.dir, name), bytes, { mode: 0o600 });
  }

  #access(mutator: Mutator): void {
    this.#write('access.json', mutator.bytes(buffers(FILES.access)));
    const { tokens, nodes, joins } = new AccessStore(this.dir, systemClock).kept.open().current;
    // What is taken is whole: whoever reads it looks no further.
    for (const { id, hash } of [...tokens, ...joins])
      if (!/^[0-9a-f]{12}$/.test(id) || !hash.startsWith('$scrypt$')) throw new Error(`a record ${id}`);
    for (const { name } of nodes) if (/[/+#\0]/.test(name)) throw new Error(`a node ${name}`);
  }

  #issued(mutator: Mutator): void {
    this.#write('pki/issued.jsonl', mutator.bytes(buffers(FILES.issued)));
    for (const { notAfter, unit } of openPki(this.dir, systemClock).list())
      if (!Number.isSafeInteger(notAfter) || !['leaf', 'relay', 'server'].includes(unit))
        throw new Error(`a certificate of ${unit} until ${notAfter}`);
  }

  /** Its lines are read by pages, as a follower of `nextCursor` does, who must come to an end. */
  async #audit(mutator: Mutator): Promise<void> {
    const bytes = mutator.bytes(buffers(FILES.audit));
    this.#write('audit.jsonl', bytes);
    let cursor: string | null = null;
    for (let page = 0; ; page++) {
      if (page > bytes.length) throw new Error('its pages have no end');
      const limit = 1 + mutator.below(3);
      const found = await readAudit(this.dir, { limit, path: 'rack1', ...(cursor !== null && { cursor }) });
      cursor = found.nextCursor;
      if (cursor === null) break;
    }
    await readAudit(this.dir, { limit: 1, cursor: mutator.text([cursorLike]) });
  }

  /** What a parent is sent. One that is taken is of a key that was proven, so it can only be ours. */
  async #request(mutator: Mutator): Promise<void> {
    const { pki, csr } = this.known;
    const payload = mutator.chance(0.5)
      ? mutator.bytes([encodeRequest(csr)])
      : encodeRequest(mutatedPem(csr, mutator));
    await pki.checkRequest(decodeRequest(payload));
  }

  /** What a child is sent. */
  #answer(mutator: Mutator): void {
    const { cert, ca, key } = this.known;
    const payload = mutator.chance(0.5)
      ? mutator.bytes([encodeAnswer({ cert, ca }), encodeAnswer({ error: { code: 'x', message: 'y' } })])
      : encodeAnswer({ cert: mutatedPem(cert, mutator), ca });
    const given = decodeAnswer(payload);
    if (!given.error) checkGiven(given.cert ?? '', ca, key);
  }

  private get known(): Known {
    if (!this.#known) throw new Error('not prepared');
    return this.#known;
  }
}

const cursorLike = Buffer.from('123456:789').toString('base64url');
const buffers = (texts: readonly string[]): Buffer[] => texts.map(text => Buffer.from(text));

/** Its DER mutated, in PEM as it should be: what a look at the text alone lets through. */
function mutatedPem(pem: string, mutator: Mutator): string {
  const [head = '', foot = ''] = pem.match(/-----[^-]+-----/g) ?? [];
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const body = mutator.bytes([der]).toString('base64').replace(/.{64}/g, '$&\n');
  return `${head}\n${body}\n${foot}\n`;
}

function tokens(mutator: Mutator): void {
  const [person, join, whole] = buffers(TOKENS) as [Buffer, Buffer, Buffer];
  const text = mutator.text([person, join, whole].map(String));
  for (const found of [parseToken(text), parseJoinSecret(text)])
    if (found && !/^[0-9a-f]{12} [\w-]{43}$/.test(`${found.id} ${found.secret}`))
      throw new Error(`a token of ${JSON.stringify(found)}`);
  const inner = Buffer.from(String(whole).slice('cnpy_join_'.length), 'base64url');
  const spoilt = mutator.chance(0.5) ? text : `cnpy_join_${mutator.bytes([inner]).toString('base64url')}`;
  const { url } = parseJoinToken(spoilt);
  if (!/^(mqtts|wss):/i.test(url)) throw new Error(`a join token for ${url}`);
}

async function told(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof CanopyError || error instanceof MalformedPayload)) throw error;
  }
}
