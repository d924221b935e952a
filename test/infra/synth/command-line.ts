import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { account, region, root } from "./place.ts";

export interface BuildRequest {
  readonly functionID: string;
  readonly handler: string;
  readonly runtime: string;
  readonly properties: Record<string, unknown>;
  readonly copyFiles: { readonly from: string; readonly to: string }[];
}

/** Answers what SST's components ask of SST's own command line; nothing is built, for that has tests of its own. */
export async function startCommandLine(work: string): Promise<{ url: string; builds: BuildRequest[] }> {
  const builds: BuildRequest[] = [];
  const code = join(work, "code");
  mkdirSync(code);
  const methods: Record<string, (args: never) => unknown> = {
    "Provider.Aws.Bootstrap": () => ({
      asset: "sst-asset",
      state: "sst-state",
      assetEcrRegistryId: account,
      assetEcrUrl: `${account}.dkr.ecr.${region}.amazonaws.com/sst-asset`,
    }),
    "Runtime.Build": (request: BuildRequest) => {
      builds.push(request);
      const source = join(root, request.handler.replace(/\.[^.]+$/, ".ts"));
      const errors = existsSync(source) ? [] : [`handler not found: ${request.handler}`];
      return { handler: request.handler.split("/").at(-1), out: code, errors, sourcemaps: [] };
    },
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, params } = JSON.parse(Buffer.concat(chunks).toString()) as {
      method: string;
      params: [never];
    };
    const answer = methods[method];
    // An idle connection would keep the process for seconds after the program has ended.
    response.setHeader("connection", "close");
    response.end(
      JSON.stringify(
        answer ? { result: answer(params[0]) } : { error: `${method} has no answer here: add one` },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, builds };
}
