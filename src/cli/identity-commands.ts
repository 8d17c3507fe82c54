/** The commands that say who comes in. They work on the files of a node on this machine, whether it runs or not. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { span, spanOrNever } from './span.js';

const ROLES = ['viewer', 'operator', 'admin'];
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const CERTIFICATE_DAYS = 3652;

export function identityCommands(canopy: Command): void {
  authority(canopy.command('ca').description('the certificates of a node with a broker and its children'));
  tokens(canopy.command('token').description('what people and programs come in by'));
  secrets(canopy.command('secret').description('what a node without a certificate comes in by'));
  local(canopy, 'enroll', 'a token by which a new child joins, once', '<name>')
    .option('--leaf', 'it is a leaf')
    .option('--relay', 'it is a relay; so it is by default')
    .option('--expires <span>', 'the time that it has to join, such as 10m', span, HOUR_MS)
    .option('--url <url>', 'where it reaches this node: mqtts://host:port or wss://host:port')
    .option('--revoke', 'take back the one that was given out')
    .action(async (name, file, options) => (await import('./credentials.js')).enroll(name, file, options));
}

function authority(ca: Command): void {
  const from = () => import('./ca.js');
  local(ca, 'init', 'make the CA, and the certificate of the listeners').action(async (file, view) =>
    (await from()).init(file, view),
  );
  local(ca, 'issue', 'a certificate for a direct child, with a key unless there is a request', '<name>')
    .option('--leaf', 'it is a leaf')
    .option('--relay', 'it is a relay; so it is by default')
    .option('--csr <file>', 'for the key of this request; what else it asks for is not looked at')
    .option('--days <count>', 'how long it is good', days)
    .option('--out <directory>', 'where to; NAME-uplink by default, stdout with --csr')
    .action(async (name, file, options) => (await from()).issue(name, file, options));
  local(ca, 'renew', 'a new certificate for the same key; the old one stays good', '[name-or-serial]')
    .option('--server', 'that of the listeners')
    .option('--days <count>', 'how long it is good', days)
    .option('--out <directory>', 'where to; stdout by default')
    .action(async (which, file, options) => (await from()).renew(which, file, options));
  local(
    ca,
    'revoke',
    'take back all certificates of a name, or the one of a serial',
    '<name-or-serial>',
  ).action(async (which, file, view) => (await from()).revoke(which, file, view));
  local(ca, 'list', 'the certificates that were issued').action(async (file, view) =>
    (await from()).list(file, view),
  );
}

function tokens(token: Command): void {
  const from = () => import('./credentials.js');
  local(token, 'create', 'a new token, printed this once')
    .addOption(
      new Option('--role <role>', 'viewer reads, operator commands, admin gives out tokens')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--under <path>', "good for this node and all below it; '.' is all", '.')
    .option('--name <name>', 'by which it is listed and audited')
    .option('--expires <span>', 'such as 12h or 90d; or never', spanOrNever, 90 * DAY_MS)
    .action(async (file, options) => (await from()).createToken(file, options));
  local(token, 'list', 'the tokens, without their secrets').action(async (file, view) =>
    (await from()).listTokens(file, view),
  );
  local(token, 'revoke', 'take one back', '<name-or-id>').action(async (which, file, view) =>
    (await from()).revokeToken(which, file, view),
  );
}

function secrets(secret: Command): void {
  const from = () => import('./credentials.js');
  local(secret, 'create', 'a new secret of a node, printed this once; the one before ends', '<name>')
    .option('--leaf', 'it is a leaf')
    .option('--relay', 'it is a relay; so it is by default')
    .option('--expires <span>', 'such as 12h or 90d; or never', spanOrNever, null)
    .action(async (name, file, options) => (await from()).createSecret(name, file, options));
  local(secret, 'revoke', 'take it back', '<name>').action(async (name, file, view) =>
    (await from()).revokeSecret(name, file, view),
  );
}

function local(parent: Command, name: string, about: string, subject?: string): Command {
  const command = parent.command(name).description(about);
  if (subject !== undefined) command.argument(subject);
  return command
    .argument('[file]', 'the .env file of the node; left out, the environment has it all')
    .option('--json', 'for programs');
}

function days(text: string): number {
  const count = Number(text);
  if (text.trim() !== '' && count > 0 && count <= CERTIFICATE_DAYS) return count;
  throw new InvalidArgumentError(
    `expected more than 0 and at most ${CERTIFICATE_DAYS} days, found ${JSON.stringify(text)}`,
  );
}
