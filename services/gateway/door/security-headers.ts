/**
 * Headers that every answer carries, errors included. They are a table of our own and not a plugin's
 * because answers that Node writes before any plugin runs (a request line that is none, a header
 * that never ends) must carry them too.
 */

/** HSTS: two years, as the preload list asks. */
const HSTS_SECONDS = 2 * 365 * 24 * 60 * 60;

/** Nothing loads, frames or submits from an answer of the API; it is data, whatever it looks like. */
const apiPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The documentation page: its own files only. It has no inline script or style; images of the page
 * are `data:` URIs inside its style sheet.
 */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const unusedFeatures = [
  'accelerometer',
  'camera',
  'display-capture',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'usb',
];

const always = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': apiPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': unusedFeatures.map((feature) => `${feature}=()`).join(', '),
  'cache-control': 'no-store',
} as const;

/** HSTS goes out only where the public origin is https: on plain http browsers must ignore it. */
export function securityHeaders(origin: string): Readonly<Record<string, string>> {
  if (!origin.startsWith('https:')) return always;
  const strictTransport = `max-age=${HSTS_SECONDS}; includeSubDomains`;
  return { ...always, 'strict-transport-security': strictTransport };
}
