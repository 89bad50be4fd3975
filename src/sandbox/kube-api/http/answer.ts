import { review } from "../auth/reviews.ts";
import type { Cluster } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { isObject, type JsonObject, objectOr } from "../json.ts";
import { readPatch } from "../patch/patch.ts";
import { listObjects } from "../reads/list.ts";
import { inVersion } from "../resource.ts";
import { detailsOf, notFound, success } from "../status.ts";
import { checkFields, readStrictness, unreadablePatch } from "../types/field-validation.ts";
import { typeOfKind } from "../types/kube-types.ts";
import { deleteObject, readDeleteOptions } from "../writes/deletion.ts";
import { create, replace, update, type WriteOptions } from "../writes/writes.ts";
import { answerBelow, objectIn } from "./answer-below.ts";
import type { Answer, Body } from "./message.ts";
import type { ApiRequest } from "./request.ts";

/** Does what a request to a resource asks for, except to watch. @throws StatusError */
export function answer(cluster: Cluster, request: ApiRequest, body: Body): Answer {
  const { verb, target, query } = request;
  const { resource, name } = target;
  const options = { isDryRun: query.get("dryRun") === "All" };
  const below = answerBelow(cluster, request, body, options);
  if (below !== undefined) return below;
  switch (verb) {
    case "get": {
      const object = cluster.store.of(resource).get(keyOf(target));
      if (object === undefined) throw notFound(resource, name);
      return { code: 200, body: inVersion(resource, object) };
    }
    case "list":
      return { code: 200, body: listObjects(cluster, target, query) };
    case "create": {
      const draft = objectIn(body);
      const warnings = checked(request, body, draft, "CreateOptions");
      const make = resource.isReview ? review : create;
      return { code: 201, body: make(cluster, target, draft, options), warnings };
    }
    case "update": {
      const isNew = cluster.store.of(resource).get(keyOf(target)) === undefined;
      const draft = objectIn(body);
      const warnings = checked(request, body, draft, "UpdateOptions");
      return { code: isNew ? 201 : 200, body: replace(cluster, target, draft, options), warnings };
    }
    case "patch": {
      return patch(cluster, request, body, options);
    }
    case "delete":
      return deleteByName(cluster, request, body);
    default:
      return deleteCollection(cluster, request, body);
  }
}

function checked({ target, query }: ApiRequest, { twice }: Body, draft: JsonObject, options: string) {
  return checkFields(target.resource, draft, { strictness: readStrictness(query, options), twice });
}

function patch(cluster: Cluster, { target, query }: ApiRequest, body: Body, options: WriteOptions): Answer {
  const strictness = readStrictness(query, "PatchOptions");
  const { isCustom, group, kind } = target.resource;
  const change = readPatch(body, isCustom ? undefined : typeOfKind(group, kind));
  let warnings: readonly string[] = [];
  const changeChecked = (current: JsonObject) => {
    const next = change(current);
    const refuse = (why: string) => unreadablePatch(next, why);
    warnings = checkFields(target.resource, next, { strictness, refuse });
    return next;
  };
  const object = update(cluster, target, changeChecked, { ...options, isBlind: true });
  return { code: 200, body: object, warnings };
}

function deleteByName(cluster: Cluster, { target, query }: ApiRequest, body: Body): Answer {
  const { resource, name } = target;
  const options = readDeleteOptions(isObject(body.json) ? body.json : undefined, query);
  const { object, isGone } = deleteObject(cluster, target, options);
  if (!isGone || resource.returnsDeleted) return { code: 200, body: object };
  return { code: 200, body: success({ ...detailsOf(resource, name), uid: object.metadata.uid }) };
}

function deleteCollection(cluster: Cluster, { target, query }: ApiRequest, body: Body): Answer {
  const list = listObjects(cluster, target, query);
  const options = readDeleteOptions(isObject(body.json) ? body.json : undefined, query);
  for (const item of list.items as readonly JsonObject[]) {
    const { name, namespace } = objectOr(item.metadata);
    deleteObject(cluster, { ...target, name: String(name), namespace: String(namespace ?? "") }, options);
  }
  return { code: 200, body: list };
}
