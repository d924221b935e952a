/**
 * Puts SST's component sources and their dependencies into `.sst/platform`, from npm alone.
 *
 *     node test/infra/platform.ts
 *
 * `sst install` wants a Pulumi of its own version to be there, and asks it for nothing but that version. It is given a
 * stand-in, in a folder of this project, so that nobody's own Pulumi is touched.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const platform = join(root, ".sst/platform");
/** What this version of SST is built against; `sst install --print-logs` names another when it differs. */
const pulumi = { sst: "4.17.1", version: "v3.215.0" };

const wanted = JSON.parse(readFileSync(join(root, "node_modules/sst/package.json"), "utf8"))
  .version as string;
if (wanted !== pulumi.sst) {
  throw new Error(`sst is ${wanted}, expected ${pulumi.sst}: find the Pulumi it wants and name both here`);
}
if (isInPlace()) console.log(`SST ${wanted} is in place in .sst/platform`);
else install();

function isInPlace(): boolean {
  return (
    textOf(join(platform, "version")) === wanted &&
    textOf(join(root, ".sst/provider-lock.json")) !== "" &&
    existsSync(join(platform, "node_modules/@pulumi/aws/package.json"))
  );
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}

function install(): void {
  const home = join(root, ".sst/install-home");
  const answer = `#!/bin/sh\nif [ "$1" = version ]; then echo ${pulumi.version}; else exit 97; fi\n`;
  mkdirSync(join(home, "sst/bin"), { recursive: true });
  writeFileSync(join(home, "sst/bin/pulumi"), answer, { mode: 0o755 });
  const { status, error } = spawnSync(join(root, "node_modules/.bin/sst"), ["install"], {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      XDG_CONFIG_HOME: home,
      SST_STAGE: "test",
      SST_NO_BUN: "1",
      SST_TELEMETRY_DISABLED: "1",
      DO_NOT_TRACK: "1",
      npm_config_audit: "false",
      npm_config_fund: "false",
    },
  });
  if (error) throw error;
  if (!isInPlace()) throw new Error(`sst install ended with ${status} and left .sst/platform incomplete`);
}
