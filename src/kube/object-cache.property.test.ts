import { array, assert, constantFrom, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { ref, type Thing, thing } from "../../test/support/kube/thing.ts";
import { ObjectCache } from "./object-cache.ts";

describe("a cache of objects", () => {
  it("ends where the API server is, however late news comes, and whatever a restore from a backup undoes", async () => {
    const what = constantFrom(...["write", "delete", "watch", "answer", "list", "backup", "restore", "raise"]);
    const step = record({ name: constantFrom("a", "b"), what });
    await assert(
      property(array(step, { maxLength: 60 }), (steps) => new History().play(steps)),
      { numRuns: 1_000 },
    );
  });
});

type Step = { readonly name: string; readonly what: string };
type News = { readonly version: number; readonly tell: (cache: ObjectCache<Thing>) => void };

/** An API server whose watch and whose answers are heard in their own order, each as late as the steps say. */
class History {
  #version = 10;
  #count = 0;
  #live = new Map<string, Thing>();
  #backup = { version: 10, live: new Map<string, Thing>() };
  #list: "asked for" | { readonly version: number; readonly things: readonly Thing[] } | undefined;
  #events: News[] = [];
  #answers: News[] = [];
  readonly #cache = new ObjectCache<Thing>({}, () => {});

  play(steps: readonly Step[]): void {
    this.#cache.replaceAll([], "10");
    for (const { name, what } of steps) {
      if (what === "write") this.#write(name);
      else if (what === "delete") this.#delete(name);
      else if (what === "watch") this.#hear();
      else if (what === "answer") this.#answers.shift()?.tell(this.#cache);
      else if (what === "list") this.#listOn();
      else if (what === "backup") this.#backup = { version: this.#version, live: new Map(this.#live) };
      else this.#restore(what === "raise" ? 1_000 : 0);
    }
    while (this.#list !== undefined) this.#listOn();
    while (this.#answers.length > 0) this.#answers.shift()?.tell(this.#cache);
    while (this.#events.length > 0) this.#hear();
    const live = [...this.#live.values()].map(({ meta }) => [meta.name, meta.uid, meta.resourceVersion]).sort();
    expect(
      this.#cache
        .list()
        .map(({ meta }) => [meta.name, meta.uid, meta.resourceVersion])
        .sort(),
    ).toEqual(live);
  }

  /** Asks for a list, which ends the watch; then makes it; then tells it. */
  #listOn(): void {
    if (this.#list === undefined) {
      this.#cache.beginList();
      this.#list = "asked for";
    } else if (this.#list === "asked for") {
      this.#list = { version: this.#version, things: [...this.#live.values()] };
    } else {
      const { version, things } = this.#list;
      this.#cache.replaceAll(things, String(version));
      this.#events = this.#events.filter((event) => event.version > version);
      this.#list = undefined;
    }
  }

  /** What was under way ends with the API server. */
  #restore(raiseBy: number): void {
    this.#version = this.#backup.version + raiseBy;
    this.#live = new Map(this.#backup.live);
    this.#answers = [];
    this.#events = [];
    this.#list = undefined;
    this.#listOn();
  }

  #hear(): void {
    if (this.#list !== undefined) return;
    const event = this.#events.shift();
    event?.tell(this.#cache);
    if (event !== undefined) this.#cache.reached(String(event.version));
  }

  #write(name: string): void {
    const version = ++this.#version;
    const uid = this.#live.get(name)?.meta.uid ?? `uid-${++this.#count}`;
    const written = thing(name, version, { uid });
    this.#live.set(name, written);
    this.#events.push({ version, tell: (cache) => cache.put(written) });
    this.#answers.push({ version, tell: (cache) => cache.accept(written) });
  }

  #delete(name: string): void {
    const uid = this.#live.get(name)?.meta.uid;
    if (uid === undefined) return;
    const version = ++this.#version;
    this.#live.delete(name);
    this.#events.push({
      version,
      tell: (cache) => cache.drop({ ...ref(name), uid, resourceVersion: String(version) }),
    });
    this.#answers.push({ version, tell: (cache) => cache.forget(ref(name), uid) });
  }
}
