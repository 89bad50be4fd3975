import { type JsonObject, objectOr } from "./json.ts";
import { annotationsErrors, labelsErrors } from "./names.ts";
import { podSpecErrors } from "./rules-pods.ts";
import type { FieldError } from "./status.ts";

/** What is wrong with a template of pods. */
export function templateErrors(template: JsonObject, path: string): FieldError[] {
  const { labels, annotations } = objectOr(template.metadata);
  return [
    ...labelsErrors(`${path}.labels`, labels),
    ...annotationsErrors(`${path}.annotations`, annotations),
    ...podSpecErrors(objectOr(template.spec), `${path}.spec`),
  ];
}
