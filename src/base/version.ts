/** What was built: set by the build, `dev` when run from source. */
export type Version = { readonly version: string; readonly commit: string; readonly date: string };

declare const BUILD_VERSION: Version | undefined;

export const version: Version =
  typeof BUILD_VERSION === "undefined" ? { version: "dev", commit: "none", date: "unknown" } : BUILD_VERSION;

/** The line that `--version` prints, as the original printed it. */
export function versionLine(): string {
  return `MIC Version: ${version.version} - NMI Version: ${version.version} - Commit: ${version.commit} - Date: ${version.date}`;
}

/** The user agent of a component's calls, as the original sent it. */
export function userAgent(component: "MIC" | "NMI", custom = ""): string {
  const own = `aad-pod-identity/${component}/${version.version}/${version.commit}/${version.date}`;
  return custom === "" ? own : `${own} ${custom}`;
}
