import { type JsonObject, objectOr } from "../json.ts";
import type { FieldError } from "../status.ts";
import { annotationsErrors, labelsErrors } from "./names.ts";
import { podSpecErrors } from "./pods.ts";

/** What is wrong with a template of pods. */
export function templateErrors(template: JsonObject, path: string): FieldError[] {
  const { labels, annotations } = objectOr(template.metadata);
  return [
    ...labelsErrors(`${path}.labels`, labels),
    ...annotationsErrors(`${path}.annotations`, annotations),
    ...podSpecErrors(objectOr(template.spec), `${path}.spec`),
  ];
}
