import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { StageUnderTest } from "./stage.ts";
import { region } from "./synth/place.ts";

/** Loads a function's bundle in a process that has its environment and nothing else, as Lambda would. */
export async function loadAsLambda(file: string, stage: StageUnderTest, name: string) {
  const secrets = await startSecrets();
  const script = `const module = await import(${JSON.stringify(file)}); console.log("exports " + Object.keys(module));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    env: {
      ...stage.environmentOf(name),
      COUNTERSIGN_CONFIG_FILE: configFileOf(stage, name),
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_ENDPOINT_URL: secrets.url,
    },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
  const [code] = await once(child, "close");
  await secrets.close();
  return { code, log, exported: /^exports (.*)$/m.exec(log)?.[1]?.split(",") };
}

/** The configuration as it is copied to where the environment says. */
function configFileOf(stage: StageUnderTest, name: string): string {
  const build = stage.synthesized.builds.find(({ handler }) => handler.endsWith(`/${name}.handler`));
  const told = stage.environmentOf(name)["COUNTERSIGN_CONFIG_FILE"];
  const copied = build?.copyFiles.find(({ to }) => `/var/task/${to}` === told);
  if (copied) return copied.from;
  throw new Error(`function "${name}" is told of ${told}, but nothing is copied there`);
}

/** Secrets Manager, with the gate's keys whatever it is asked for. */
async function startSecrets() {
  const key = Buffer.alloc(32, 7).toString("base64");
  const SecretString = JSON.stringify({ keyId: "k1", gateKey: key, fingerprintKey: key });
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.end(JSON.stringify({ SecretString }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
