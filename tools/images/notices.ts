import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NpmPackage } from "./packages.ts";

const TEXTS = /^(licen[cs]e|notice|copying|thirdpartynotices?)(\.(md|txt))?$/i;

/** The licences of the packages in a bundle, which have to go where their code goes. */
export function notices(packages: readonly NpmPackage[]): string {
  const texts = packages.map(({ folder, name, version }) => {
    const files = readdirSync(folder).filter((file) => TEXTS.test(file));
    const { license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { license?: unknown };
    const text = files.map((file) => readFileSync(join(folder, file), "utf8").trim()).join("\n\n");
    return `=== ${name} ${version}\n\n${text || `Licence: ${String(license)}`}\n`;
  });
  return texts.join("\n");
}
