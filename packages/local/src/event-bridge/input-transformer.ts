import { AwsError } from "../wire/aws-json.ts";
import type { ServiceEventEnvelope } from "./event.ts";
import { compileJsonPath } from "./json-path.ts";
import { isArray, isObject, type Json, type JsonObject } from "./pattern/json.ts";

/** What a template knows of its rule beside the event. */
export interface TransformContext {
  readonly ruleArn: string;
  readonly ruleName: string;
  readonly ingestionTime: string;
}

export interface InputTransformer {
  readonly InputPathsMap?: Readonly<Record<string, string>> | undefined;
  readonly InputTemplate: string;
}

/** Makes the payload for a target from an event. */
export type Transform = (event: ServiceEventEnvelope, context: TransformContext) => string;

type TemplatePart = { readonly text: string } | { readonly name: string; readonly quoted: boolean };

const predefined: Readonly<Record<string, (event: ServiceEventEnvelope, context: TransformContext) => Json>> =
  {
    "aws.events.rule-arn": (_event, context) => context.ruleArn,
    "aws.events.rule-name": (_event, context) => context.ruleName,
    "aws.events.event.ingestion-time": (_event, context) => context.ingestionTime,
    "aws.events.event": (event) => withoutDetail(event),
    "aws.events.event.json": (event) => event,
  };

const wholeEvents = new Set(["aws.events.event", "aws.events.event.json"]);

/**
 * Compiles an input transformer.
 *
 * A placeholder outside quotes becomes a JSON value, one inside quotes plain text; a path that finds
 * nothing becomes an empty string.
 *
 * Source: EventBridge user guide, "Amazon EventBridge input transformation".
 *
 * @throws {AwsError} ValidationException on an unknown placeholder, an unsupported path, or a template
 * that isn't JSON.
 */
export function compileInputTransformer(targetId: string, transformer: InputTransformer): Transform {
  const paths = compilePaths(targetId, transformer.InputPathsMap ?? {});
  const parts = splitTemplate(transformer.InputTemplate);
  for (const part of parts) {
    if ("name" in part) requireKnown(targetId, part.name, part.quoted, paths);
  }
  requireJson(targetId, parts);
  return (event, context) => {
    const lookUp = (name: string) =>
      paths.has(name) ? paths.get(name)?.(event) : predefined[name]?.(event, context);
    return parts
      .map((part) => ("text" in part ? part.text : render(lookUp(part.name), part.quoted)))
      .join("");
  };
}

type Paths = ReadonlyMap<string, (event: Json) => Json | undefined>;

function compilePaths(targetId: string, pathsMap: Readonly<Record<string, string>>): Paths {
  const entries = Object.entries(pathsMap);
  if (entries.length > 100) throw invalid(`InputPathsMap for target ${targetId} has over 100 entries.`);
  return new Map(
    entries.map(([name, path]) => {
      if (!/^[A-Za-z0-9_-]+$/.test(name) || /^aws\./i.test(name)) {
        throw invalid(`InputPathsMap for target ${targetId} contains invalid key ${name}.`);
      }
      const compiled = compileJsonPath(path);
      if (!compiled)
        throw invalid(`InputPathsMap for target ${targetId} contains invalid JSON path ${path}.`);
      return [name, compiled];
    }),
  );
}

/** Splits a template at its placeholders, noting which stand inside a JSON string. */
function splitTemplate(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let quoted = false;
  let end = 0;
  for (const match of template.matchAll(/<([^<>]+)>/g)) {
    const text = template.slice(end, match.index);
    quoted = endsQuoted(text, quoted);
    parts.push({ text }, { name: match[1] ?? "", quoted });
    end = match.index + match[0].length;
  }
  return [...parts, { text: template.slice(end) }];
}

function endsQuoted(text: string, startsQuoted: boolean): boolean {
  const quotes = text.replaceAll(/\\./gs, "").split('"').length - 1;
  return quotes % 2 === 0 ? startsQuoted : !startsQuoted;
}

function requireKnown(targetId: string, name: string, quoted: boolean, paths: Paths): void {
  if (!paths.has(name) && !Object.hasOwn(predefined, name)) {
    throw invalid(`InputTemplate for target ${targetId} contains invalid placeholder ${name}.`);
  }
  if (quoted && wholeEvents.has(name)) {
    throw invalid(`InputTemplate for target ${targetId}: <${name}> can only be the value of a JSON field.`);
  }
}

function requireJson(targetId: string, parts: readonly TemplatePart[]): void {
  const marker = "\u{f8ff}";
  const sample = parts
    .map((part) => ("text" in part ? part.text : part.quoted ? marker : `"${marker}"`))
    .join("");
  let parsed: Json;
  try {
    parsed = JSON.parse(sample) as Json;
  } catch {
    throw invalid(
      `Invalid InputTemplate for target ${targetId}: a JSON object or a JSON string is expected.`,
    );
  }
  if (hasKeyWith(marker, parsed)) {
    throw invalid(
      `Invalid InputTemplate for target ${targetId}: a placeholder cannot be used as an object key.`,
    );
  }
}

function hasKeyWith(marker: string, value: Json): boolean {
  if (isArray(value)) return value.some((element) => hasKeyWith(marker, element));
  if (!isObject(value)) return false;
  return Object.entries(value).some(([key, member]) => key.includes(marker) || hasKeyWith(marker, member));
}

function render(value: Json | undefined, quoted: boolean): string {
  if (!quoted) return JSON.stringify(value === undefined ? "" : value);
  const text = typeof value === "string" ? value : value === undefined ? "" : withoutQuotes(value);
  return JSON.stringify(text).slice(1, -1);
}

/** EventBridge drops the quotes of an object that is put inside a string. */
function withoutQuotes(value: Json): string {
  return JSON.stringify(value).replaceAll('"', "");
}

/** EventBridge names the type `detailType` in this one variable. */
function withoutDetail(event: ServiceEventEnvelope): JsonObject {
  const { detail: _detail, "detail-type": detailType, ...envelope } = event;
  return { ...envelope, detailType };
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
