import { answerBelow, objectIn } from "./answer-below.ts";
import { review } from "./auth-reviews.ts";
import type { Cluster } from "./cluster.ts";
import { keyOf } from "./collection.ts";
import { deleteObject, readDeleteOptions } from "./deletion.ts";
import { isObject, type Json, type JsonObject, objectOr } from "./json.ts";
import { typeOfKind } from "./kube-types.ts";
import { listObjects } from "./list.ts";
import { readPatch } from "./patch.ts";
import type { ApiRequest } from "./request.ts";
import { detailsOf, notFound, success } from "./status.ts";
import { create, replace, update } from "./writes.ts";

export type Body = { readonly type: string; readonly json: Json | undefined };
export type Answer = { readonly code: number; readonly body: JsonObject };

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
      return { code: 200, body: object };
    }
    case "list":
      return { code: 200, body: listObjects(cluster, target, query) };
    case "create": {
      const make = resource.isReview ? review : create;
      return { code: 201, body: make(cluster, target, objectIn(body), options) };
    }
    case "update": {
      const isNew = cluster.store.of(resource).get(keyOf(target)) === undefined;
      return { code: isNew ? 201 : 200, body: replace(cluster, target, objectIn(body), options) };
    }
    case "patch": {
      const change = readPatch(body, resource.isCustom ? undefined : typeOfKind(resource.group, resource.kind));
      return { code: 200, body: update(cluster, target, change, { ...options, isBlind: true }) };
    }
    case "delete":
      return deleteByName(cluster, request, body);
    default:
      return deleteCollection(cluster, request, body);
  }
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
