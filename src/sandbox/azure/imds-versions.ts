import { Refusal } from "./refusal.ts";

/** All versions of the interface, the oldest first, as IMDS lists them. */
export const VERSIONS = [
  ...["2017-03-01", "2017-04-02", "2017-08-01", "2017-10-01", "2017-12-01", "2018-02-01", "2018-04-02", "2018-10-01"],
  ...["2019-02-01", "2019-03-11", "2019-04-30", "2019-06-01", "2019-06-04", "2019-08-01", "2019-08-15", "2019-11-01"],
  ...["2020-06-01", "2020-07-15", "2020-09-01", "2020-10-01", "2020-12-01", "2021-01-01", "2021-02-01", "2021-03-01"],
  ...["2021-05-01", "2021-10-01", "2021-11-01", "2021-12-13", "2023-07-01", "2023-11-15"],
];
export const EVENT_VERSIONS = ["2017-08-01", "2017-11-01", "2019-01-01", "2019-04-01", "2019-08-01", "2020-07-01"];
/** The code of the refusal whose body names the newest versions. */
export const BAD_VERSION = "Bad api-version";

/**
 * The api-version that a query asks for.
 * @throws Refusal 400 unless it is one of these, and none of before `since`
 */
export function versionOf(query: URLSearchParams, versions: readonly string[] = VERSIONS, since = ""): string {
  const version = query.get("api-version") ?? "";
  if (versions.includes(version) && version >= since) return version;
  const message =
    "Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds";
  throw new Refusal(400, BAD_VERSION, message);
}

/** What the body of such a refusal names. */
export function newestVersions(): readonly string[] {
  return VERSIONS.toReversed().slice(0, 3);
}
