// Ignores the request to end: only KILL, sent when stop_grace is over, ends it.
process.on('SIGTERM', () => console.log('asked to end, going on'));

console.log('started');
setInterval(() => {}, 60_000);
