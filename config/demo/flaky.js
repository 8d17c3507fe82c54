// Crashes now and then, so that there is a restart to see: node config/demo/flaky.js [MEAN_SECONDS]
const mean = Number(process.argv[2] ?? 20);
const life = -Math.log(1 - Math.random()) * mean;

console.log(`started, will live for ${life.toFixed(1)} s`);
setTimeout(() => {
  console.error('something broke');
  process.exit(1);
}, life * 1000);
