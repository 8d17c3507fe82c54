/** As whom, where and with what a target runs, as far as the settings alone can tell. */
import { resolve } from 'node:path';
import type { GivenSettings } from './given.js';
import { type Findings, shown } from './problems.js';
import type { RunAsSettings, Values } from './settings.js';
import { splitVariables } from './target.js';

interface Where {
  readonly given: GivenSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export function runAsOf({ given, env, cwd }: Where, values: Values, findings: Findings): RunAsSettings {
  const file = values.env_file;
  const split = values.env === undefined ? { variables: {} } : splitVariables(values.env, env);
  const place = given.get('env');
  if ('problem' in split && place)
    findings.add('invalid-value', place.where, split.problem, shown(place.text));
  return {
    cwd: values.cwd === undefined ? null : resolve(cwd, values.cwd),
    user: values.user ?? null,
    umask: values.umask ?? null,
    nice: values.nice ?? null,
    env: 'variables' in split ? split.variables : {},
    envFile:
      file === undefined
        ? null
        : { path: resolve(cwd, file.replace(/^-/, '')), optional: file.startsWith('-') },
  };
}
