/** Milliseconds that are never set back. The first look at `performance` loads what a start would wait 1.5 ms for. */
export const mono = (): number => process.uptime() * 1000;
