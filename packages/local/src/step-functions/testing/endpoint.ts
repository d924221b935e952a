import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateStateMachineCommand,
  type CreateStateMachineCommandInput,
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  SFNClient,
  StartExecutionCommand,
  type StartExecutionCommandInput,
} from "@aws-sdk/client-sfn";
import { expect } from "vitest";
import { awsJsonListener } from "../../wire/aws-json.ts";
import { openDatabase } from "../../wire/database.ts";
import { createStepFunctions } from "../service.ts";
import { testRole } from "./harness.ts";

/** A definition that ends at once. */
export const passing = definitionOf({ Type: "Pass", Result: { v: 1 }, End: true });
/** A definition that waits until it is stopped. */
export const waiting = definitionOf({ Type: "Wait", Seconds: 900, End: true });

/** An endpoint on loopback and the AWS SDK's client of it. */
export interface Endpoint {
  readonly sfn: SFNClient;
  /** Added to the endpoint's clock. */
  skewMs: number;
  create(name: string, more?: Partial<CreateStateMachineCommandInput>): Promise<string>;
  start(stateMachineArn: string, more?: Partial<StartExecutionCommandInput>): Promise<string>;
  ended(executionArn: string): Promise<DescribeExecutionCommandOutput>;
  close(): Promise<void>;
}

/** Opens an endpoint whose functions answer with their payload. */
export async function openEndpoint(): Promise<Endpoint> {
  const stepFunctions = createStepFunctions({
    database: openDatabase(":memory:"),
    now: () => Date.now() + endpoint.skewMs,
    invokeFunction: async (_name, payload) => ({ payload }),
    publish: async () => undefined,
  });
  const server = createServer(awsJsonListener([stepFunctions.service]));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sfn = clientOf((server.address() as AddressInfo).port);
  const endpoint: Endpoint = {
    sfn,
    skewMs: 0,
    ...callsOf(sfn),
    async close() {
      sfn.destroy();
      await stepFunctions.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return endpoint;
}

/** Matches an SDK exception by its name and message. */
export function refusal(name: string, message: RegExp = /./): object {
  return { name, message: expect.stringMatching(message) };
}

function definitionOf(state: object): string {
  return JSON.stringify({ StartAt: "A", States: { A: state } });
}

function clientOf(port: number): SFNClient {
  return new SFNClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
}

function callsOf(sfn: SFNClient): Pick<Endpoint, "create" | "start" | "ended"> {
  return {
    async create(name, more = {}) {
      const input = { name, definition: passing, roleArn: testRole, ...more };
      return (await sfn.send(new CreateStateMachineCommand(input))).stateMachineArn ?? "";
    },
    async start(stateMachineArn, more = {}) {
      const started = await sfn.send(new StartExecutionCommand({ stateMachineArn, ...more }));
      return started.executionArn ?? "";
    },
    async ended(executionArn) {
      for (;;) {
        const described = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        if (described.status !== "RUNNING") return described;
      }
    },
  };
}
