import { randomUUID } from "node:crypto";
import { type Cluster, type Target, timestamp } from "../cluster.ts";
import { keyOf } from "../collection.ts";
import { isList, type Json, type JsonObject, type KubeObject, objectOr, textOr } from "../json.ts";
import { badRequest, conflict, type FieldError, invalid, notFound, wrong } from "../status.ts";
import { accounts, bounds, ISSUER } from "./token-facts.ts";
import { accountUser } from "./user.ts";

const TOKEN_REQUEST = { group: "authentication.k8s.io", kind: "TokenRequest", plural: "" };
const HOUR_SECONDS = 3600;
const SHORTEST_SECONDS = 600;
const LONGEST_SECONDS = 2 ** 32;

/** POST to a service account's `token`. @throws StatusError */
export function requestToken(cluster: Cluster, target: Target, body: JsonObject): JsonObject {
  const { namespace, name } = target;
  const account = cluster.store.of(accounts).get(keyOf(target));
  if (account === undefined) throw notFound(accounts, name);
  const spec = objectOr(body.spec);
  const seconds = typeof spec.expirationSeconds === "number" ? spec.expirationSeconds : HOUR_SECONDS;
  const errors = lifeErrors(seconds);
  if (errors.length > 0) throw invalid(TOKEN_REQUEST, "", errors);
  const audiences = isList(spec.audiences) && spec.audiences.length > 0 ? spec.audiences : [ISSUER];
  const from = Math.floor(cluster.now() / 1000);
  const claims = {
    aud: audiences,
    exp: from + seconds,
    iat: from,
    iss: ISSUER,
    jti: randomUUID(),
    "kubernetes.io": {
      namespace,
      ...boundClaims(cluster, namespace, account, spec.boundObjectRef),
      serviceaccount: { name, uid: account.metadata.uid },
    },
    nbf: from,
    sub: accountUser({ namespace, name }),
  };
  const metadata = { name, namespace, uid: account.metadata.uid, creationTimestamp: timestamp(cluster.now()) };
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata,
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token: cluster.auth.key.sign(claims), expirationTimestamp: timestamp((from + seconds) * 1000) },
  };
}

function lifeErrors(seconds: number): FieldError[] {
  const refuse = (message: string) => [wrong("spec.expirationSeconds", seconds, message)];
  if (seconds < SHORTEST_SECONDS) return refuse("may not specify a duration less than 10 minutes");
  return seconds > LONGEST_SECONDS ? refuse("may not specify a duration larger than 2^32 seconds") : [];
}

function boundClaims({ store }: Cluster, namespace: string, account: KubeObject, ref: Json | undefined): JsonObject {
  if (ref === undefined || ref === null) return {};
  const { kind, name, uid } = objectOr(ref);
  const bound = bounds[textOr(kind)];
  if (bound === undefined) {
    throw badRequest(`cannot bind token to object of type /v1, Kind=${textOr(kind)}`);
  }
  const { plural, claim } = bound;
  const resource = { group: "", plural, kind: textOr(kind) };
  const object = store.of(resource).get(keyOf({ namespace, name: textOr(name) }));
  if (object === undefined) throw notFound(resource, textOr(name));
  if (uid !== undefined && uid !== "" && uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${textOr(uid)}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ ...resource, plural: resource.kind }, textOr(name), why);
  }
  if (plural === "pods" && objectOr(object.spec).serviceAccountName !== account.metadata.name) {
    const whose = `cannot bind token for serviceaccount "${account.metadata.name}"`;
    throw badRequest(`${whose} to pod running with different serviceaccount name.`);
  }
  return { [claim]: { name: textOr(name), uid: object.metadata.uid } };
}
