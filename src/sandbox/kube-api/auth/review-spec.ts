import { isObject, type Json, type JsonObject, objectOr, textOr } from "../json.ts";
import { type FieldError, wrong } from "../status.ts";
import { type Attributes, noAttributes } from "./attributes.ts";

/** What an access review asks about. */
export function readAttributesOf({ resourceAttributes, nonResourceAttributes }: JsonObject): Attributes {
  if (isObject(nonResourceAttributes)) {
    const { path, verb } = nonResourceAttributes;
    return { ...noAttributes, verb: textOr(verb), path: textOr(path) };
  }
  const { verb, group, resource, subresource, namespace, name } = objectOr(resourceAttributes);
  return {
    verb: textOr(verb),
    group: textOr(group),
    resource: textOr(resource),
    subresource: textOr(subresource),
    namespace: textOr(namespace),
    name: textOr(name),
    path: "",
  };
}

/** What is wrong with an access review; `who` where it names somebody. */
export function reviewErrors(
  { resourceAttributes, nonResourceAttributes }: JsonObject,
  who?: { readonly user: string; readonly groups: readonly Json[] },
): readonly FieldError[] {
  const count = [resourceAttributes, nonResourceAttributes].filter(isObject).length;
  const one = "nonResourceAttributes or resourceAttributes";
  return [
    ...(count === 0
      ? [wrong("spec.resourceAttributes", null, `exactly one of ${one} must be specified`)]
      : count === 2
        ? [
            wrong(
              "spec.nonResourceAttributes",
              nonResourceAttributes,
              "cannot be specified in combination with resourceAttributes",
            ),
          ]
        : []),
    ...(who !== undefined && who.user === "" && who.groups.length === 0
      ? [wrong("spec.user", who.user, "at least one of user or group must be specified")]
      : []),
  ];
}
