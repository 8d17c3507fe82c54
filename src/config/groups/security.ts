/** Who may come in, over what, and how a node shows its parent who it is. */
import * as is from '../schemas.js';
import { BELOW, BROKERS, define } from './setting.js';

const PEM = 'a file (PEM)';

export const SECURITY = {
  auth: define({
    group: 'security',
    roles: BROKERS,
    schema: is.choice('none', 'required'),
    fallback: 'none',
    about: 'Whether MQTT clients and REST callers must prove who they are.',
  }),
  insecure: define({
    group: 'security',
    roles: BROKERS,
    schema: is.flag(),
    fallback: false,
    about:
      'True: listens beyond loopback without auth=required or TLS all the same, with a warning, and "insecure" in /api/v1/nodes.',
  }),
  tls: define({
    group: 'security',
    roles: BROKERS,
    schema: is.flag(),
    fallback: false,
    about: 'True: host and port speak mqtts (TLS 1.2 or newer).',
  }),
  listen: define({
    group: 'security',
    roles: BROKERS,
    schema: is.text('URLs mqtt, mqtts, ws or wss://host:port, joined by commas', 4096),
    fallback: null,
    computed: 'none',
    single: true,
    list: true,
    about:
      'Where the broker listens beside host and port. The path of ws and wss is /mqtt where none is given.',
  }),
  rest_tls: define({
    group: 'security',
    roles: BROKERS,
    schema: is.flag(),
    fallback: false,
    about: 'True: REST is https, with the same certificate.',
  }),
  tls_cert: define({
    group: 'security',
    roles: BROKERS,
    schema: is.text(PEM),
    fallback: null,
    computed: '`pki/server.crt`',
    about:
      'The certificate of its listeners, those that lead to its authority behind it. Read again when it changes.',
  }),
  tls_key: define({
    group: 'security',
    roles: BROKERS,
    schema: is.text(PEM),
    fallback: null,
    computed: '`pki/server.key`',
    about: 'The key of that certificate; nobody else may be able to read it.',
  }),
  tls_ca: define({
    group: 'security',
    roles: BROKERS,
    schema: is.text(PEM),
    fallback: null,
    computed: '`pki/ca.crt`',
    about: 'The authorities of the certificates that clients show.',
  }),
  parent_ca: define({
    group: 'security',
    roles: BELOW,
    schema: is.text(PEM),
    fallback: null,
    computed: '`uplink/ca.crt`',
    about:
      'The authority of the certificate of its parent. Where this is given or that file there, the parent is spoken to by TLS alone.',
  }),
  uplink_cert: define({
    group: 'security',
    roles: BELOW,
    schema: is.text(PEM),
    fallback: null,
    computed: '`uplink/node.crt`',
    single: true,
    about: 'The certificate that the node shows its parent.',
  }),
  uplink_key: define({
    group: 'security',
    roles: BELOW,
    schema: is.text(PEM),
    fallback: null,
    computed: '`uplink/node.key`',
    single: true,
    about: 'The key of that certificate; nobody else may be able to read it.',
  }),
  secret_file: define({
    group: 'security',
    roles: BELOW,
    schema: is.text('a file'),
    fallback: null,
    computed: 'none',
    single: true,
    about:
      'A file with the secret that proves its name to its parent, instead of a certificate; nobody else may be able to read it.',
  }),
} as const;

export const PLAIN_SECURITY = ['auth', 'insecure', 'tls', 'rest_tls'] as const;
