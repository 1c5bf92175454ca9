/**
 * `node infra/health.ts [PORT...]`: exit code 0 when a process of this container is ready. What runs
 * in it is known by the port that answers: the gateway's, that of the probes, or the one given.
 */
const PORTS = ['8080', '8081'];
const ANSWER_MS_MAX = 3_000;

const asked = process.argv.slice(2);
const answers = await Promise.all((asked.length > 0 ? asked : PORTS).map(isReady));
process.exitCode = answers.includes(true) ? 0 : 1;

async function isReady(port: string): Promise<boolean> {
  // The monitor of the bus calls it otherwise.
  for (const path of ['/readyz', '/healthz']) {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { signal });
      if (status === 200) return true;
      if (status !== 404) return false;
    } catch {
      // Nobody is at this port.
      return false;
    }
  }
  return false;
}
