/** A tree over TLS in processes of its own: a child joins by a token, and what becomes of those who should not get in. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { systemClock } from '../../src/core/clock.js';
import { AccessStore } from '../../src/identity/access-store.js';
import { printJoinToken } from '../../src/identity/join-token.js';
import { openPki } from '../../src/identity/pki.js';
import { printToken } from '../../src/identity/token-text.js';
import { authority } from '../support/certificates.js';
import { canopy } from '../support/cli.js';
import { NodeProcess, QUICK, type Settings, startLeaf, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const SAFE: Settings = { auth: 'required', tls: true, rest_tls: true };
