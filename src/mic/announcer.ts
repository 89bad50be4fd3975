import type { Kind } from "../api/kinds.ts";
import type { Meta } from "../api/meta.ts";

/** Who hears of events that users read with `kubectl describe`. */
export type Announcer = {
  record(note: {
    readonly about: { readonly kind: Kind; readonly meta: ObjectName };
    readonly type: "Normal" | "Warning";
    readonly reason: string;
    readonly message: string;
  }): void;
};
export type ObjectName = Pick<Meta, "namespace" | "name" | "uid" | "resourceVersion">;
