import { account, arn, region } from "./place.ts";

export type Inputs = Record<string, unknown>;
type Attributes = Record<string, unknown>;

const global = { region: "", account };

/** What AWS would tell of a resource once it is made, as far as others refer to it. */
const told: Record<string, (name: string, inputs: Inputs) => Attributes> = {
  "aws:dynamodb/table:Table": (name) => ({
    arn: arn("dynamodb", `table/${name}`),
    streamArn: arn("dynamodb", `table/${name}/stream/2026-01-01T00:00:00.000`),
    id: name,
  }),
  "aws:lambda/function:Function": (name) => ({
    arn: arn("lambda", `function:${name}`),
    version: "1",
    id: name,
  }),
  "aws:iam/role:Role": (name) => ({ arn: arn("iam", `role/${name}`, global), id: name }),
  "aws:iam/policy:Policy": (name) => ({ arn: arn("iam", `policy/${name}`, global), id: name }),
  "aws:sqs/queue:Queue": (name) => ({ arn: arn("sqs", name), url: queueUrl(name), id: queueUrl(name) }),
  "aws:sns/topic:Topic": (name) => ({ arn: arn("sns", name), id: arn("sns", name) }),
  "aws:cloudwatch/eventRule:EventRule": (name) => ({ arn: arn("events", `rule/${name}`), id: name }),
  "aws:cloudwatch/logGroup:LogGroup": (name) => ({ arn: arn("logs", `log-group:${name}`), id: name }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (name) => ({ arn: arn("cloudwatch", `alarm:${name}`), id: name }),
  "aws:kms/key:Key": (name) => ({ arn: arn("kms", `key/${name}`), keyId: name, id: name }),
  "aws:secretsmanager/secret:Secret": (name) => ({
    arn: arn("secretsmanager", `secret:${name}-AbCdEf`),
    id: arn("secretsmanager", `secret:${name}-AbCdEf`),
  }),
  "aws:apigatewayv2/api:Api": (name) => ({
    id: `${name}-id`,
    arn: arn("apigateway", `/apis/${name}-id`, { region, account: "" }),
    apiEndpoint: `https://${name}-id.execute-api.${region}.amazonaws.com`,
    executionArn: arn("execute-api", `${name}-id`),
  }),
  "aws:apigatewayv2/domainName:DomainName": (name) => ({
    id: name,
    domainNameConfiguration: {
      targetDomainName: `d-x.execute-api.${region}.amazonaws.com`,
      hostedZoneId: "Z1",
    },
  }),
  "aws:acm/certificate:Certificate": (_, { domainName }) => ({
    arn: arn("acm", `certificate/${domainName}`),
    domainValidationOptions: [
      {
        domainName,
        resourceRecordName: `_x.${domainName}.`,
        resourceRecordType: "CNAME",
        resourceRecordValue: "_y.acm-validations.aws.",
      },
    ],
  }),
  "random:index/randomBytes:RandomBytes": () => ({ base64: Buffer.alloc(32).toString("base64") }),
};

function queueUrl(name: string): string {
  return `https://sqs.${region}.amazonaws.com/${account}/${name}`;
}

/** The state of a resource that was asked for with these inputs. */
export function stateOf(type: string, logicalName: string, inputs: Inputs): { id: string; state: Inputs } {
  const name = String(inputs["name"] ?? inputs["bucket"] ?? inputs["domainName"] ?? logicalName);
  const { id = `${logicalName}-id`, ...attributes } = told[type]?.(name, inputs) ?? {};
  const [, service, kind] = /^aws:([a-z0-9]+)\/([A-Za-z0-9]+):/.exec(type) ?? [];
  const usual = service ? { name, arn: arn(service, `${kind}/${name}`) } : {};
  return { id: String(id), state: { ...usual, ...inputs, ...attributes } };
}
