import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeEvent } from "./event.ts";
import { compileInputTransformer } from "./input-transformer.ts";

const event = completeEvent(
  {
    "detail-type": "EC2 Instance State-change Notification",
    source: "aws.ec2",
    resources: ["arn:aws:ec2:us-east-1:000000000000:instance/i-0"],
    detail: {
      instance: "i-0",
      state: "RUNNING",
      count: 3,
      tags: [{ k: "a" }, { k: "b" }],
      quote: 'say "hi"',
      no: null,
    },
  },
  1_700_000_000_000,
);
const context = {
  ruleArn: "arn:aws:events:us-east-1:000000000000:rule/r",
  ruleName: "r",
  ingestionTime: "2023-11-14T22:13:20.000Z",
};
const paths = {
  instance: "$.detail.instance",
  state: "$.detail.state",
  count: "$.detail.count",
  type: "$.detail-type",
  first: "$.resources[0]",
  keys: "$.detail.tags[*].k",
  tag: "$.detail.tags[1]",
  quote: "$.detail.quote",
  null: "$.detail.no",
  missing: "$.detail.missing.deep",
};

function transform(template: string): unknown {
  const text = compileInputTransformer("t", { InputPathsMap: paths, InputTemplate: template })(
    event,
    context,
  );
  return JSON.parse(text);
}

describe("input transformer", () => {
  it.each([
    ['"<instance> is in state <state>"', "i-0 is in state RUNNING"],
    ['"instance \\"<instance>\\" of <count>"', 'instance "i-0" of 3'],
    [
      '{"a": <instance>, "b": "<state>", "c": [9, <count>, true]}',
      { a: "i-0", b: "RUNNING", c: [9, 3, true] },
    ],
    ['{"a": "it is \\"<state>\\""}', { a: 'it is "RUNNING"' }],
    ['{"a": <quote>, "b": "<quote>"}', { a: 'say "hi"', b: 'say "hi"' }],
    ['{"a": <first>, "b": <keys>, "c": <tag>}', { a: event.resources[0], b: ["a", "b"], c: { k: "b" } }],
    ['{"a": "<tag>"}', { a: "{k:b}" }],
    ['{"a": <missing>, "b": "<missing>!", "c": <null>}', { a: "", b: "!", c: null }],
    ['{"a": <aws.events.rule-arn>, "b": <aws.events.rule-name>}', { a: context.ruleArn, b: "r" }],
    ['"<aws.events.rule-name> at <aws.events.event.ingestion-time>"', `r at ${context.ingestionTime}`],
    ['{"a": <aws.events.event.json>}', { a: event }],
    ['"no placeholder"', "no placeholder"],
  ])("makes of %s what AWS documents", (template, expected) => {
    expect(transform(template)).toEqual(expected);
  });

  it("leaves the detail out of <aws.events.event> and calls its type detailType", () => {
    const { detail: _detail, "detail-type": detailType, ...rest } = event;
    expect(transform('{"a": <aws.events.event>}')).toEqual({ a: { ...rest, detailType } });
  });

  it.each([
    ['"<nobody>"', "InputTemplate for target t contains invalid placeholder nobody."],
    ['{"a": "<aws.events.event.json>"}', "can only be the value of a JSON field"],
    ['{"a": <instance>', "Invalid InputTemplate for target t"],
    ["plain <instance>", "Invalid InputTemplate for target t"],
    ['{"<instance>": 1}', "a placeholder cannot be used as an object key"],
  ])("refuses %s", (template, reason) => {
    expect(() => transform(template)).toThrow(reason);
  });

  it.each(["detail.x", "$.detail['x']", "$..x", "$.a[?(@.b)]", "$.a."])("refuses the path %s", (path) => {
    const compile = () =>
      compileInputTransformer("t", { InputPathsMap: { a: path }, InputTemplate: '"<a>"' });
    expect(compile).toThrow("contains invalid JSON path");
  });

  it("makes JSON of any value, in quotes and out", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const any = { ...event, detail: { value: value as null } };
        const compiled = compileInputTransformer("t", {
          InputPathsMap: { v: "$.detail.value" },
          InputTemplate: '{"out": <v>, "in": "<v>"}',
        });
        expect(JSON.parse(compiled(any, context)).out).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
