import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { blocks, mentions } from "../support/chart/doc-pages.ts";
import { helmMissing, isHook, render, type Values } from "../support/chart/helm.ts";

const missing = helmMissing();
const reason = missing === undefined ? "" : ` (skipped: ${missing})`;

/** Files of values in pages: what is YAML, and neither an object of Kubernetes nor, as its first line says, for podid. */
const files = blocks("yaml")
  .filter(({ word }) => !/^(?:apiVersion:|# podid )/.test(word))
  .map(({ page, word }) => [page, word] as const);
/** What commands in pages set. */
const settings = mentions(/helm (?:install|upgrade|template) .*?((?:--set(?:-string)? \S+ ?)+)/g).map(
  ({ page, word }) => [page, word.trim()] as const,
);

describe.skipIf(missing !== undefined)(`the chart takes what pages tell users to give it${reason}`, () => {
  let delivered: ReturnType<typeof render> | undefined;

  it("which is something", () => {
    expect([files.length > 5, settings.length > 2]).toEqual([true, true]);
  });

  it.each(files)("%s: a file of values, which changes something", async (_, text) => {
    delivered ??= render();
    expect(await render(parse(text) as Values)).not.toEqual(await delivered);
  });

  it.each(settings)("%s: %s", async (_, flags) => {
    expect(await render({}, ...flags.split(" "))).not.toEqual([]);
  });

  it("and its hooks are all that the page on uninstalling has commands for", async () => {
    const [selector = ""] = mentions(/^HOOKS=(.*)$/gm).map(({ word }) => word);
    const [own = "", global = ""] = mentions(/^kubectl delete (\S+) --selector \$HOOKS/gm).map(({ word }) => word);
    const labels = Object.fromEntries(selector.split(",").map((label) => label.split("=")));
    const hooks = (await render()).filter(isHook);
    expect(hooks.length).toBeGreaterThan(9);
    for (const { metadata } of hooks) expect(metadata.labels).toMatchObject(labels);
    const kinds = (isGlobal: boolean) =>
      hooks.filter(({ kind }) => kind.startsWith("Cluster") === isGlobal).map(({ kind }) => `${kind.toLowerCase()}s`);
    expect(new Set(own.split(","))).toEqual(new Set(kinds(false)));
    expect(new Set(global.split(","))).toEqual(new Set(kinds(true)));
  });
});
