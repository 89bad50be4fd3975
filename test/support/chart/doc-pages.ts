import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");

/** A page for people; `path` is relative to the repository. */
export type DocPage = { readonly path: string; readonly text: string };

/** Where a page is, the line of it, and the words that are meant. */
export type Mention = { readonly page: string; readonly word: string };

const markdownIn = (folder: string) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
const read = (path: string): DocPage => ({ path, text: readFileSync(join(ROOT, path), "utf8") });

/** Pages that somebody wrote for users. */
export const userPages: readonly DocPage[] = [
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "charts/aad-pod-identity/README.md",
  ...markdownIn("docs"),
].map(read);

/** All that can be linked to, or holds links. */
export const allPages: readonly DocPage[] = [
  ...userPages,
  ...[
    "CONTRIBUTING.md",
    "test/cluster/README.md",
    ...markdownIn("docs/decisions"),
    ...markdownIn("docs/reference"),
  ].map(read),
];

/** Every place where a pattern's first group, or else the whole of it, stands in users' pages. */
export function mentions(pattern: RegExp, pages: readonly DocPage[] = userPages): readonly Mention[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map((match) => ({ page: path, word: match[1] ?? match[0] })),
  );
}

/** `page: word` of those that do not hold, each once. */
export function wrong(found: readonly Mention[], isRight: (word: string) => boolean): readonly string[] {
  return [...new Set(found.filter(({ word }) => !isRight(word)).map(({ page, word }) => `${page}: ${word}`))];
}

/** The fenced blocks of a language in users' pages. */
export function blocks(language: string): readonly Mention[] {
  return mentions(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"));
}

/** The objects of Kubernetes that pages show, or that their commands apply, for a user whose identity is `demo`. */
export function examples(): readonly Mention[] {
  return [...blocks("yaml"), ...mentions(/<<END$([\s\S]*?)^END$/gm)]
    .filter(({ word }) => /^kind: /m.test(word))
    .map(({ page, word }) => ({ page, word: word.replaceAll("$IDENTITY_NAME", "demo") }));
}

/** The file of nodes, identities and namespaces that the sandbox's page shows. */
export function planExample(): string {
  const example = blocks("yaml").find(({ word }) => word.startsWith("# podid sandbox --file"));
  return example?.word ?? "";
}

/** A page without what is code, where brackets are no links. */
export function prose(text: string): string {
  return text
    .replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/^ {4}.*$/gm, "")
    .replace(/`[^`\n]*`/g, "");
}

/** What its headings are linked by, as GitHub makes it. */
export function anchors(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#{1,6} +(.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) => {
      const slug = heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-");
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}
