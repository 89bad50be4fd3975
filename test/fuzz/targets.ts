import fc from "fast-check";

export const TOKEN_PATH = "/metadata/identity/oauth2/token";
/** Stands for the port of a listener that nothing may reach. */
export const ELSEWHERE = "ELSEWHERE";

const paths = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(TOKEN_PATH, `${TOKEN_PATH}/`, "/metadata/identity", "/metadata/identity/info"),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "/metadata/instance/identity",
      "/metadata/instance/../identity/oauth2/token",
      "/metadata/attested/x/../../identity/oauth2/token",
      "/metadata/versions/..//identity/info",
    ),
  },
  { weight: 1, arbitrary: fc.constant("/host/token") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "/metadata/instance",
      "/metadata/instance/compute/vmId",
      "/metadata/attested/document",
      "/metadata/versions",
      "/metadata/scheduledevents",
      "/metadata/loadbalancer",
      "/",
      "/machine?comp=goalstate",
    ),
  },
);

const words = fc.constantFrom(
  ...["metadata", "identity", "oauth2", "token", "instance", "attested", "versions", "host", "info", "constructor"],
  ...[".", "..", "...", "", "~", "x", "identity.", "%", "%zz", "%u0069dentity", "ıdentity", "ident", "ity"],
);
const joints = fc.constantFrom(
  "/",
  "//",
  "\\",
  "%2f",
  "%252F",
  "%5c",
  "/./",
  "/x/../",
  "/%2e%2e/",
  "%c0%af",
  "%u002f",
  ";/",
);
const pieced = fc
  .array(fc.tuple(joints, words), { minLength: 1, maxLength: 8 })
  .map((parts) => `/metadata${parts.flat().join("")}`);

/** How a character may be written: itself, in the other case, encoded once or more, in more bytes than it needs. */
const spellings: readonly ((char: string) => string)[] = [
  (char) => char,
  (char) => char.toUpperCase(),
  (char) => `%${hex(char)}`,
  (char) => `%25${hex(char)}`,
  (char) => `%252525${hex(char)}`,
  (char) => `%2525252525${hex(char)}`,
  (char) => `%c${char.charCodeAt(0) >> 6}%${((char.charCodeAt(0) & 0x3f) | 0x80).toString(16)}`,
  (char) => `%u00${hex(char)}`,
  (char) => (char === "/" ? "\\" : char),
  (char) => (char === "/" ? "%5C" : `${char}%00`),
  (char) => (char === "/" ? "/./" : char),
  (char) => (char === "/" ? "/metadata/..//" : char),
];
const asItIs = fc.constant(0);
const changes = fc.array(
  fc.oneof({ weight: 12, arbitrary: asItIs }, { weight: 1, arbitrary: fc.nat(spellings.length - 1) }),
  {
    minLength: 32,
    maxLength: 32,
  },
);

/** A path of the metadata service, more or less disguised. */
const disguised = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: paths }, { weight: 1, arbitrary: pieced }), changes)
  .map(([path, how]) => {
    const written = [...path].slice(1).map((char, i) => spellings[how[i % how.length] ?? 0]?.(char) ?? char);
    return `/${written.join("")}`;
  });

const parameters = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("resource=https://vault.azure.net", "resource=https%3A%2F%2Fa", "resource=b"),
  },
  { weight: 3, arbitrary: fc.constantFrom("client_id=client-of-web", "client_id=client-of-shop", "client_id=other") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        "api-version=2018-02-01",
        "api-version=",
        "bypass_cache=true",
        "object_id=x",
        "mi_res_id=%2fx",
        "msi_res_id=/y",
      ],
      ...[
        "resource=",
        "resource",
        "",
        "&",
        "=",
        "%00",
        "?",
        "a=/metadata/identity",
        "..%2fidentity",
        "x=%zz",
        "resource[]=a",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }).map(visible) },
);
const queries = fc.array(parameters, { maxLength: 5 }).map((list) => (list.length === 0 ? "" : `?${list.join("&")}`));

/** A target that is a path, of visible characters: HTTP's grammar has nothing against it. */
export const pathTargets = fc.tuple(disguised.map(visible), queries).map(([path, query]) => `${path}${query}`);

const hosts = fc.constantFrom(
  `127.0.0.1:${ELSEWHERE}`,
  `localhost:${ELSEWHERE}`,
  "169.254.169.254",
  `x@127.0.0.1:${ELSEWHERE}`,
);

/** A target that may be anything. */
export const wildTargets = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("http://", "https://", "HTTP://", "http:/", "//", "/\\", "/http://", "ftp://", "/@"),
      hosts,
      pathTargets,
    )
    .map((parts) => parts.join("")),
  hosts,
  fc.constantFrom("*", "", "/#", "#", "?", "\\metadata\\identity", "metadata/identity"),
  fc
    .tuple(pathTargets, fc.constantFrom("#x", "\t", " ", "\0", "\x7f", "\xff", " HTTP/1.1", "\r", "\n"))
    .map(([path, tail]) => `${path}${tail}x`),
  fc.nat(40_000).map((length) => `/metadata/instance/${"x".repeat(length)}`),
);

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, "0");
}

function visible(text: string): string {
  return text.replace(/[^\x21-\x7e]|#/g, (char) => `%${hex(char)}`);
}
