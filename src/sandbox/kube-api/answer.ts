import { review } from "./auth-reviews.ts";
import { bindPod } from "./binding.ts";
import type { Cluster } from "./cluster.ts";
import { keyOf } from "./collection.ts";
import { deleteObject, readDeleteOptions } from "./deletion.ts";
import { isObject, type Json, type JsonObject, objectOr } from "./json.ts";
import { listObjects } from "./list.ts";
import { readPatch } from "./patch.ts";
import type { ApiRequest } from "./request.ts";
import { badRequest, detailsOf, notFound, success } from "./status.ts";
import { requestToken } from "./token-request.ts";
import { create, replace, update } from "./writes.ts";

export type Body = { readonly type: string; readonly json: Json | undefined };
export type Answer = { readonly code: number; readonly body: JsonObject };

/** Does what a request to a resource asks for, except to watch. @throws StatusError */
export function answer(cluster: Cluster, request: ApiRequest, body: Body): Answer {
  const { verb, target, query } = request;
  const { resource, name, subresource } = target;
  const options = { isDryRun: query.get("dryRun") === "All" };
  switch (verb) {
    case "get": {
      const object = cluster.store.of(resource).get(keyOf(target));
      if (object === undefined) throw notFound(resource, name);
      return { code: 200, body: object };
    }
    case "list":
      return { code: 200, body: listObjects(cluster, target, query) };
    case "create": {
      const draft = objectIn(body);
      if (subresource === "binding") return { code: 201, body: bindPod(cluster, target, draft, options) };
      if (subresource === "token") return { code: 201, body: requestToken(cluster, target, draft) };
      const make = resource.isReview ? review : create;
      return { code: 201, body: make(cluster, target, draft, options) };
    }
    case "update": {
      const isNew = cluster.store.of(resource).get(keyOf(target)) === undefined;
      return { code: isNew ? 201 : 200, body: replace(cluster, target, objectIn(body), options) };
    }
    case "patch": {
      const change = readPatch(body.type, body.json ?? null);
      return { code: 200, body: update(cluster, target, change, { ...options, isBlind: true }) };
    }
    case "delete":
      return deleteByName(cluster, request, body);
    default:
      return deleteCollection(cluster, request, body);
  }
}

function objectIn({ json }: Body): JsonObject {
  if (isObject(json)) return json;
  throw badRequest("the body of the request is no object");
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
