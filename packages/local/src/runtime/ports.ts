/** Where the embedded runtime listens, all on 127.0.0.1. */
export interface Ports {
  readonly api: number;
  readonly aws: number;
  readonly issuer: number;
  readonly dynamodb: number;
  readonly queues: number;
}

/** Five ports in a row. */
export function portsFrom(first: number): Ports {
  return { api: first, aws: first + 1, issuer: first + 2, dynamodb: first + 3, queues: first + 4 };
}

export const loopback = (port: number): string => `http://127.0.0.1:${port}`;
