import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "./fault.ts";
import { decimal, duration, helpText, list, readConfig, text, whole, yesNo } from "./options.ts";

const table = {
  port: whole({ flag: "nmi-port", fallback: 2579, min: 0, max: 65535, help: "Port." }),
  qps: decimal({ flag: "clientQps", fallback: 100, min: 0, help: "Requests a second." }),
  namespaced: yesNo({ flag: "forceNamespaced", env: "FORCENAMESPACED", fallback: false, help: "Own namespace only." }),
  resync: duration({ flag: "syncRetryDuration", fallback: 3_600_000, minMs: 1000, help: "Period." }),
  pause: duration({ flag: "pause", fallback: 1000, raisedToMs: 1, help: "Pause." }),
  pinned: list({ flag: "immutable-user-msis", fallback: [], help: "Client IDs." }),
  format: text({ flag: "log-format", fallback: "text", oneOf: ["text", "json"], help: "Format." }),
  scale: yesNo({ flag: "enableScaleFeatures", fallback: false, deprecated: "it has no effect", help: "None." }),
};

const read = (argv: string[], env: Record<string, string> = {}) => readConfig("nmi", table, argv, env);

describe("readConfig", () => {
  it("gives defaults when nothing is said", () => {
    expect(read([]).config).toEqual({
      port: 2579,
      qps: 100,
      namespaced: false,
      resync: 3_600_000,
      pause: 1000,
      pinned: [],
      format: "text",
      scale: false,
    });
  });

  it.each([
    { argv: ["--nmi-port=1"], then: { port: 1 } },
    { argv: ["--nmi-port", "1"], then: { port: 1 } },
    { argv: ["-nmi-port=1"], then: { port: 1 } },
    { argv: ["-nmi-port", "1"], then: { port: 1 } },
    { argv: ["--forceNamespaced"], then: { namespaced: true } },
    { argv: ["--forceNamespaced=false"], then: { namespaced: false } },
    { argv: ["--forceNamespaced", "--nmi-port=1"], then: { namespaced: true, port: 1 } },
    { argv: ["--clientQps=0.5"], then: { qps: 0.5 } },
    { argv: ["--syncRetryDuration=1h30m"], then: { resync: 5_400_000 } },
    { argv: ["--syncRetryDuration=1.5s"], then: { resync: 1500 } },
    { argv: ["--syncRetryDuration=.5h"], then: { resync: 1_800_000 } },
    { argv: ["--syncRetryDuration=+1h"], then: { resync: 3_600_000 } },
    { argv: ["--pause=0"], then: { pause: 1 } },
    { argv: ["--pause=-0s"], then: { pause: 1 } },
    { argv: ["--pause=500us"], then: { pause: 1 } },
    { argv: ["--pause=2ms"], then: { pause: 2 } },
    { argv: ["--immutable-user-msis=a, b,,c"], then: { pinned: ["a", "b", "c"] } },
    { argv: ["--nmi-port=1", "--nmi-port=2"], then: { port: 2 } },
    { argv: ["--log-format="], wrong: '--log-format: "" is not one of text, json' },
    { argv: ["--nmi-port=x"], wrong: '--nmi-port: "x" is not a whole number from 0 to 65535' },
    { argv: ["--nmi-port=65536"], wrong: '--nmi-port: "65536" is not a whole number from 0 to 65535' },
    { argv: ["--nmi-port"], wrong: "--nmi-port needs a value" },
    { argv: ["--forceNamespaced=yes"], wrong: '--forceNamespaced: "yes" is not true or false' },
    { argv: ["--syncRetryDuration=30"], wrong: '"30" is not a duration such as 30s, 5m or 1h of at least 1s' },
    { argv: ["--pause=-1s"], wrong: '"-1s" is not a duration such as 30s, 5m or 1h;' },
    { argv: ["--clientQps=-1"], wrong: '--clientQps: "-1" is not a number of at least 0' },
    { argv: ["--nmi-prt=1"], wrong: "unknown flag --nmi-prt (did you mean --nmi-port?)" },
    { argv: ["--force-namespaced"], wrong: "unknown flag --force-namespaced (did you mean --forceNamespaced?)" },
    { argv: ["--other=1"], wrong: "unknown flag --other;" },
    { argv: ["serve"], wrong: 'unexpected argument "serve";' },
    { argv: ["--forceNamespaced", "true"], wrong: 'unexpected argument "true": write --forceNamespaced=true;' },
    { argv: ["-forceNamespaced", "F"], wrong: 'unexpected argument "F": write --forceNamespaced=F;' },
    { argv: ["--forceNamespaced", "maybe"], wrong: 'unexpected argument "maybe";' },
    { argv: ["--forceNamespaced=false", "true"], wrong: 'unexpected argument "true";' },
    { argv: ["--forceNamespaced", "--nmi-port=1", "true"], wrong: 'unexpected argument "true";' },
  ])("reads $argv", ({ argv, then, wrong }) => {
    if (wrong === undefined) expect(read(argv).config).toMatchObject(then ?? {});
    else expect(() => read(argv)).toThrow(wrong);
  });

  it("takes a variable when the flag is absent, and the flag when both are there", () => {
    expect(read([], { FORCENAMESPACED: "true" }).config.namespaced).toBe(true);
    expect(read(["--forceNamespaced=false"], { FORCENAMESPACED: "true" }).config.namespaced).toBe(false);
    expect(() => read([], { FORCENAMESPACED: "maybe" })).toThrow('variable FORCENAMESPACED: "maybe"');
  });

  it("takes a variable that has one text only by that text, and says that another has no effect", () => {
    const strict = { on: yesNo({ flag: "on", env: "ON", envOn: "true", fallback: false, help: "" }) };
    const given = (ON: string) => readConfig("nmi", strict, [], { ON });
    expect(given("true")).toEqual({ config: { on: true }, warnings: [] });
    expect(given("1")).toEqual({ config: { on: false }, warnings: ['variable ON="1" has no effect: only true has'] });
    expect(given("false")).toEqual({ config: { on: false }, warnings: [] });
  });

  it("lists every problem at once", () => {
    const problems = /--nmi-port: .*; unknown flag --what; .*--clientQps.*; run "nmi --help" for all flags/;
    expect(() => read(["--nmi-port=x", "--what", "--clientQps=y"])).toThrow(problems);
  });

  it("warns about a deprecated flag and still reads it", () => {
    const { config, warnings } = read(["--enableScaleFeatures"]);
    expect(config.scale).toBe(true);
    expect(warnings).toEqual(["--enableScaleFeatures is deprecated: it has no effect"]);
  });

  it("refuses or reads whatever it is given, and never fails otherwise", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("--nmi-port", "-nmi-port=7", "--forceNamespaced", "--clientQps", "=", "-", "--"),
    );
    return fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          read(argv);
        } catch (reason) {
          expect(Fault.is(reason, "FLAG_INVALID")).toBe(true);
        }
      }),
    );
  });
});

describe("helpText", () => {
  it("names every flag with its default and its variable", () => {
    const help = helpText("nmi", "node agent", table);
    for (const { flag } of Object.values(table)) expect(help).toContain(`--${flag}`);
    expect(help).toContain("default 1h0m0s");
    expect(help).toContain("variable FORCENAMESPACED");
  });
});
