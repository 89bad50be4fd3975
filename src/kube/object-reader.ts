import type { Kind } from "../api/kinds.ts";
import { objectKey } from "../api/meta.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { rawMeta } from "./wire.ts";

type ObjectReaderOptions<T> = {
  readonly kind: Kind;
  /** What is kept of an object. @throws Fault OBJECT_INVALID, which leaves the object out */
  readonly read: (raw: unknown) => T;
  readonly log: Log;
};
/** Versions by object. */
type Versions = Map<string, string>;

/** Reads objects as the API server sends them, and tells once of each version of one that cannot be read. */
export class ObjectReader<T> {
  readonly #options: ObjectReaderOptions<T>;
  #refused: Versions = new Map();

  constructor(options: ObjectReaderOptions<T>) {
    this.#options = options;
  }

  /** What is kept of an object: nothing of one that cannot be read. */
  read(raw: unknown): readonly T[] {
    return this.#read(raw, this.#refused);
  }

  /** The same for a list, after which all is forgotten that is not in it. */
  ofList(): { readonly read: (raw: unknown) => readonly T[]; readonly done: () => void } {
    const refused: Versions = new Map();
    return {
      read: (raw) => this.#read(raw, refused),
      done: () => {
        this.#refused = refused;
      },
    };
  }

  /** The object is gone. */
  forget(raw: unknown): void {
    this.#refused.delete(objectKey(rawMeta(raw)));
  }

  #read(raw: unknown, refused: Versions): readonly T[] {
    const meta = rawMeta(raw);
    const key = objectKey(meta);
    try {
      const object = this.#options.read(raw);
      refused.delete(key);
      return [object];
    } catch (reason) {
      const isTold = (this.#refused.get(key) ?? refused.get(key)) === meta.resourceVersion;
      refused.set(key, meta.resourceVersion);
      const fields = { kind: this.#options.kind.kind, object: key, error: Fault.from(reason).message };
      if (!isTold) this.#options.log.error("object left out until it is corrected", fields);
      return [];
    }
  }
}
