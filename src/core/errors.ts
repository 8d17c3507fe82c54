/** Every code that a caller of Canopy can meet, with what it means; `topics.md` and the REST description list them. */
export const ERROR_CODES = {
  'bad-payload': 'the payload is neither a JSON object with "v": 1 nor, for a command, plain words',
  'unknown-op': 'the node does not know this command',
  'unsupported-op': 'the command exists, but not for this kind of node',
  'bad-argument': 'an argument of the command is missing, unknown or has a value that is not allowed',
  'retained-command': 'a command was published with the retain flag; it would fire again at every reconnect',
  'id-in-use': 'the id is that of another command',
  expired: 'the command arrived, or its turn came, after its expiresAt',
  'not-running': 'the target has no process to act upon',
  'spawn-failed': 'the target could not be started',
  'shutting-down': 'the node is being stopped and takes no commands any more',
  interrupted: 'the node was ended while it carried the command out',
  superseded: 'a later command took its place before it was done',
  'queue-full': 'as many commands wait for their turn at the node as it keeps',
  'no-result': 'no final result arrived within the time allowed',
  'node-alive': 'the node is alive and cannot be forgotten',
  'node-unreachable': 'the node, or a hop on the way to it, cannot be reached now',
  'not-authorized': 'the sender may not do this, or not say this on behalf of that node',
  unauthenticated: 'a token is needed, and none was shown',
  'bad-credentials': 'the name, secret, token or certificate that was shown is none that is known here',
  'expired-credentials': 'the token or certificate that was shown has ended',
  revoked: 'the token or certificate that was shown was taken back',
  'slow-down': 'too much at once; try again later, after Retry-After where there is one',
  'cross-site': 'the request comes from a page of an origin that is not listed',
  'not-allowed': 'the owner of the machine does not allow this there (CANOPY_ALLOW)',
  'orders-full': 'there are as many standing orders as a node keeps',
  'tree-full': 'there are as many nodes as this one keeps track of',
  stale: 'older than what is already known of the node',
  'bad-cursor': 'the line after which a log was asked for has not been written yet',
  'grep-failed': 'the regular expression took too long',
  'grep-busy': 'as many regular expressions that take long wait at the leaf as it tries',
  forgotten: 'the node was forgotten while its log was read',
  'not-found': 'there is no such node, command or route',
  'too-many-streams': 'as many streams of logs are open as a node hands on',
  'bad-request': 'the request is malformed',
  'bad-path': 'the path is not made of legal names',
  'body-too-large': 'the request body is larger than allowed',
  'unsupported-media-type': 'the request body must be application/json',
  'method-not-allowed': 'the route exists, but not for this method',
  'loose-permissions': 'others than its owner can read a file that holds secrets',
  'bad-identity-file': 'a file that says who is let in cannot be read as one',
  'file-full':
    'a file that says who is let in has no room for more: what has ended leaves it thirty days later',
  locked: 'another process holds a file for writing',
  'name-in-use': 'a token of this name is in force',
  'no-such-credential': 'there is no such token, secret or certificate in force',
  'bad-join-token': 'the text is no join token',
  'no-ca': 'the node has no certificate authority of its own yet',
  'ca-exists': 'the node has a certificate authority already',
  'bad-csr': 'the text is no request for a certificate, is not signed by its own key, or its key is weak',
  'no-tls-listener': 'the node has no TLS listener by which a child could join',
  'history-corrupt': 'the store of history cannot be read as one; it is put aside',
  'history-newer': 'the store of history was written by a newer version; it is put aside',
  'history-locked': 'another process holds the store of history; it is kept in memory only',
  'history-unwritable': 'the store of history cannot be written; it is kept in memory only',
  'internal-error': 'an error on our side; the log of the node has the details',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a stable code; the message says what was expected and what was found. */
export class CanopyError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
