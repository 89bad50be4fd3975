import type { Auth } from "./auth/auth.ts";
import type { User } from "./auth/user.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import type { Store } from "./store.ts";

/** What the verbs work on. */
export type Cluster = {
  readonly store: Store;
  readonly registry: Registry;
  readonly auth: Auth;
  /** Whether something makes the service accounts of namespaces, so that pods must have theirs. */
  readonly hasControllers: boolean;
  /** Who asks. */
  readonly asking: User;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** What a request is about; the name is empty for a whole collection, the namespace for all namespaces. */
export type Target = {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  /** `status`, `binding`, `token`, or empty. */
  readonly subresource: string;
};

/** A time as metadata carries it: whole seconds, UTC. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
