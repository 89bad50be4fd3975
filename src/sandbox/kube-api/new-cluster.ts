import { Auth, type Masters } from "./auth/auth.ts";
import { master } from "./auth/user.ts";
import type { Cluster } from "./cluster.ts";
import { builtIns } from "./kinds/built-in.ts";
import { Registry } from "./registry.ts";
import { Store } from "./store.ts";

/** A cluster that holds nothing yet. Whoever asks may do everything, unless it is said who asks. */
export function newCluster(now: () => number = Date.now, masters?: Masters, hasControllers = false): Cluster {
  const store = new Store();
  const registry = new Registry(store, builtIns);
  return { store, registry, hasControllers, auth: new Auth(store, masters), asking: master("system:apiserver"), now };
}
