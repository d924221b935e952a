/** Something in a definition that is wrong, or not done here. */
export interface Problem {
  readonly code: "INVALID_JSON_DESCRIPTION" | "SCHEMA_VALIDATION_FAILED" | "MISSING_TRANSITION_TARGET";
  /** A path such as `/States/Charge/Retry[0]/Next`. */
  readonly location: string;
  readonly message: string;
}

/** Collects problems under one location. */
export class Problems {
  readonly found: Problem[] = [];

  add(location: string, message: string, code: Problem["code"] = "SCHEMA_VALIDATION_FAILED"): void {
    this.found.push({ code, location, message });
  }

  /** Runs `check` and turns what it throws into a problem at `location`. */
  attempt(location: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      this.add(location, error instanceof Error ? error.message : String(error));
    }
  }
}
