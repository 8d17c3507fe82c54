/** People with tokens, for whoever is asked who they are: the one seam where REST meets identity. */
import type {
  Authenticator,
  Credentials,
  Denial,
  PersonRole,
  Principal,
} from '../../../src/core/principal.js';

const ROLES: readonly PersonRole[] = ['viewer', 'operator', 'admin'];
const TOPS = ['', 'rack1', 'rack1/web'];

/** `viewer`, `viewer@rack1`, …: the token is the name. */
export const tokenOf = (role: PersonRole, under = ''): string => (under === '' ? role : `${role}@${under}`);

export class People implements Authenticator {
  readonly known = new Map<string, Principal>(
    ROLES.flatMap(role =>
      TOPS.map(under => {
        const name = tokenOf(role, under);
        return [name, { kind: 'person', name, role, under } as const] as const;
      }),
    ),
  );
  readonly denied = new Map<string, Denial['code']>();
  readonly asked: Credentials[] = [];

  async authenticate(shown: Credentials): Promise<Principal | Denial> {
    this.asked.push(shown);
    const secret = shown.secret ?? '';
    const code = this.denied.get(secret) ?? 'bad-credentials';
    const found = this.denied.has(secret) ? undefined : this.known.get(secret);
    return found ?? { code, reason: 'not known' };
  }
}
