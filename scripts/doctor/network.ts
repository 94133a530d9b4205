/** The way to APS: proxy, name, connection, certificate; and the clock, which APS's answer shows. */
import { isLoopback } from '../../lib/config/schemas.ts';
import { type Check, type Examination, type Finding, fault, ok, skipped, warning } from './check.ts';

export const proxyCheck: Check = {
  id: 'proxy',
  title: 'Proxy',
  run({ env, baseUrl }) {
    if (baseUrl === undefined) return [skipped('the settings are not valid')];
    const { protocol, hostname } = new URL(baseUrl);
    const name = proxyVariable(env, protocol);
    if (name === undefined) return [ok('none is set: servers connect to APS directly')];
    if (isLoopback(hostname) || isExcepted(env, hostname))
      return [ok(`${name} is set, but does not apply to ${hostname}`)];
    if (env.NODE_USE_ENV_PROXY === '1' && knowsProxies(process.versions.node))
      return [ok(`${name} is used, because NODE_USE_ENV_PROXY is 1`)];
    return [
      warning(
        `${name} is set, but servers do not use it: Node.js connects to ${hostname} directly`,
        knowsProxies(process.versions.node)
          ? 'Set NODE_USE_ENV_PROXY=1 in the environment of the server.'
          : `Node.js ${process.versions.node} has no support for it. Use Node.js 22.21, 24 or newer with NODE_USE_ENV_PROXY=1.`,
      ),
    ];
  },
};

function proxyVariable(env: Examination['env'], protocol: string): string | undefined {
  const scheme = protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
  return [...scheme, 'ALL_PROXY', 'all_proxy'].find((name) => env[name]);
}

/** Whether NO_PROXY names a host, or a domain that it is in. */
function isExcepted(env: Examination['env'], hostname: string): boolean {
  return (env.NO_PROXY ?? env.no_proxy ?? '')
    .split(/[\s,]+/)
    .map((name) => name.replace(/^\*?\./, ''))
    .some((name) => name === '*' || (name !== '' && `.${hostname}`.endsWith(`.${name}`)));
}

/** Whether `fetch` of this version of Node.js heeds NODE_USE_ENV_PROXY (https://nodejs.org/api/cli.html). */
function knowsProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= 24 || (major === 22 && minor >= 21);
}

/** How long to wait for an answer, in milliseconds. */
const patience = 10_000;

export const networkCheck: Check = {
  id: 'network',
  title: 'Network',
  async run(examination) {
    const { baseUrl, now } = examination;
    if (baseUrl === undefined) return [skipped('the settings are not valid')];
    try {
      // Its public keys: no credentials are needed.
      const { headers } = await fetch(`${baseUrl}/authentication/v2/keys`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(patience),
      });
      const date = Date.parse(headers.get('date') ?? '');
      if (!Number.isNaN(date)) examination.skew = now() - date;
      examination.answered = true;
      return [ok(`${baseUrl} answers`)];
    } catch (error) {
      return [unreachable(new URL(baseUrl).host, error)];
    }
  },
};

const certificateCodes =
  /^(CERT_|ERR_TLS_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET|VERIFY)_|ERR_SSL_|HOSTNAME_MISMATCH)/;

const reasons: Record<string, string> = {
  ECONNREFUSED: 'refuses connections (ECONNREFUSED)',
  TimeoutError: `did not answer within ${patience / 1000} seconds`,
};

function unreachable(host: string, error: unknown): Finding {
  const code = codeOf(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return fault(
      `the name ${host} cannot be resolved (${code})`,
      'Check the connection to the internet, DNS and APS_BASE_URL. Behind a proxy, see the proxy check.',
    );
  if (certificateCodes.test(code))
    return fault(
      `the certificate of ${host} is not trusted (${code})`,
      'A proxy or virus scanner may read the traffic of this machine. Get its root certificate as a PEM file ' +
        'from its operator, and set NODE_EXTRA_CA_CERTS to the path of that file in the environment of the server.',
    );
  return fault(
    reasons[code] ? `${host} ${reasons[code]}` : `${host} cannot be reached (${code})`,
    'Check the connection to the internet, the firewall and APS_BASE_URL. Behind a proxy, see the proxy check.',
  );
}

/** `fetch` wraps the error of the socket. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.cause instanceof Error && 'code' in error.cause) return String(error.cause.code);
  return error.name;
}

/** From here on, an assertion of a service account or a token of an OpenID provider is refused, in milliseconds. */
const harmful = 120_000;
/** Less than this is the time that an answer takes. */
const notable = 30_000;

export const clockCheck: Check = {
  id: 'clock',
  title: 'Clock',
  run({ skew }) {
    if (skew === undefined) return [skipped('APS did not answer with the time')];
    if (Math.abs(skew) < notable) return [ok('agrees with that of APS')];
    const text = `this machine is ${inWords(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} APS`;
    const advice = 'Set the clock, or switch on automatic time.';
    return [Math.abs(skew) < harmful ? warning(text, advice) : fault(text, advice)];
  },
};

function inWords(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}
