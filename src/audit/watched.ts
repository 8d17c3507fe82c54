/** An authenticator that counts how each attempt ended, and notes what is a login, or fails. */
import type { Audit } from '../core/audit-entry.js';
import { type Authenticator, type Credentials, isDenial } from '../core/principal.js';
import { plainAddress } from '../core/remote-address.js';
import type { Tally } from '../core/tally.js';

export interface WatchedOptions {
  readonly audit: Audit;
  /** By way and outcome: `mqtt ok`, `rest bad-credentials`. */
  readonly counts: Tally;
  /** By MQTT each attempt is a connection, which is noted; by REST each request is one, and its routes note what matters. */
  readonly via: 'mqtt' | 'rest';
}

export const watched = (inner: Authenticator, { audit, counts, via }: WatchedOptions): Authenticator => ({
  async authenticate(shown: Credentials) {
    const answer = await inner.authenticate(shown);
    const denied = isDenial(answer);
    counts.add(`${via} ${denied ? answer.code : 'ok'}`);
    if (via === 'rest') return answer;
    const by = denied ? claimed(shown.username) : 'name' in answer ? answer.name : '';
    const note = { by, address: plainAddress(shown.address), via, path: null, op: 'connect' } as const;
    if (denied) audit.note({ ...note, outcome: 'refused', code: answer.code });
    else audit.note({ ...note, outcome: 'accepted', about: answer.kind });
    return answer;
  },
});

/** A token of a person, or to join by, or the secret within the latter: pasted where a name belongs, with text around it too. */
const TOKEN = /cnpy_|[0-9a-f]{12}_[A-Za-z0-9_-]{43}/i;

/** Who reads the log may not come in by what it says. */
const claimed = (username = ''): string => (TOKEN.test(username) ? '(a token)' : username);
