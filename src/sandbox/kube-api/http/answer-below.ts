import { requestToken } from "../auth/token-request.ts";
import type { Cluster } from "../cluster.ts";
import { isObject, type JsonObject } from "../json.ts";
import { readPatch } from "../patch/patch.ts";
import { badRequest } from "../status.ts";
import { bindPod } from "../writes/binding.ts";
import { evict } from "../writes/eviction.ts";
import { readScale, writeScale } from "../writes/scale.ts";
import type { WriteOptions } from "../writes/writes.ts";
import type { Answer, Body } from "./message.ts";
import type { ApiRequest } from "./request.ts";

/** The answer of a path below an object's that is not about the object itself; undefined for any other. @throws StatusError */
export function answerBelow(
  cluster: Cluster,
  request: ApiRequest,
  body: Body,
  options: WriteOptions,
): Answer | undefined {
  const { target, query } = request;
  switch (target.subresource) {
    case "binding":
      return { code: 201, body: bindPod(cluster, target, objectIn(body), options) };
    case "token":
      return { code: 201, body: requestToken(cluster, target, objectIn(body)) };
    case "eviction":
      return { code: 201, body: evict(cluster, target, objectIn(body), query) };
    case "scale":
      return { code: 200, body: scale(cluster, request, body, options) };
    default:
      return undefined;
  }
}

function scale(cluster: Cluster, { verb, target }: ApiRequest, body: Body, options: WriteOptions): JsonObject {
  if (verb === "get") return readScale(cluster, target);
  const change = verb === "patch" ? readPatch(body, "autoscaling.Scale") : () => objectIn(body);
  return writeScale(cluster, target, change, options);
}

/** The object that a request carries. @throws StatusError when it carries none */
export function objectIn({ json }: Body): JsonObject {
  if (isObject(json)) return json;
  throw badRequest("the body of the request is no object");
}
