/** Where the services of AWS are and who asks; the same for all adapters of a process. */
export interface AwsSettings {
  readonly region: string;
  /** Absent: the address of the service in its region. Given for engines that stand in for it. */
  readonly endpoint?: string;
  /** Absent: the SDK's own chain (role of the task, instance or shared file). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A connection inside of a region is up within milliseconds, or not at all. */
const CONNECT_MS_MAX = 1_000;
/** Far over the slowest answers that services give; what is behind it is lost, not late. */
const ANSWER_MS_MAX = 5_000;
/** One try and two more, by the SDK's jittered pauses of at most 0.1 and 0.2 s. */
const TRIES = 3;

/** The SDK says nothing by itself: what it would log may be content. Errors come to the caller. */
const silent = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** What each client of the SDK is made with. `tries` 1 leaves all repeating to the adapter. */
export function clientConfig(
  { region, endpoint, credentials }: AwsSettings,
  options: { readonly tries?: number; readonly answerMsMax?: number } = {},
) {
  const { tries = TRIES, answerMsMax = ANSWER_MS_MAX } = options;
  return {
    region,
    maxAttempts: tries,
    logger: silent,
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: answerMsMax,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
