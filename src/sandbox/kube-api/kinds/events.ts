import { type JsonObject, objectOr, textOr } from "../json.ts";
import { type FieldError, wrong } from "../status.ts";

/** An event lives in the namespace of its object; one about an object of the whole cluster in one of these. */
const CLUSTER_EVENTS: readonly string[] = ["default", "kube-system"];

export function eventErrors(event: JsonObject): readonly FieldError[] {
  const { namespace = "" } = objectOr(event.metadata);
  const involved = textOr(objectOr(event.involvedObject).namespace);
  const isRight = involved === "" ? CLUSTER_EVENTS.includes(String(namespace)) : involved === namespace;
  return isRight ? [] : [wrong("involvedObject.namespace", involved, "does not match event.namespace")];
}
