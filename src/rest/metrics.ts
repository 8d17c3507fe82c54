/** Metrics as Prometheus reads them: its text exposition format 0.0.4. */

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Values by their labels, in order. */
  readonly values: readonly Sample[];
}
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export const metricsText = (metrics: readonly Metric[]): string =>
  metrics
    .filter(({ values }) => values.length > 0)
    .map(
      ({ name, type, help, values }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${values.map(each => line(name, each)).join('')}`,
    )
    .join('');

const line = (name: string, [labels, value]: Sample): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
};

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
