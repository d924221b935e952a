/** The time, in epoch milliseconds; core has none of its own. */
export interface Clock {
  now(): number;
}
