import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingsTable } from '../../src/config/table.js';

test('config/README.md holds the table of settings as the code has it', () => {
  const page = readFileSync(new URL('../../../config/README.md', import.meta.url), 'utf8');
  const shown = page.split('\n').filter(line => line.startsWith('|'));
  assert.deepEqual(shown, settingsTable().trim().split('\n'));
});
