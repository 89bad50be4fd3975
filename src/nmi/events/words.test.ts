import { describe, expect, it } from "vitest";
import { pod } from "../../../test/support/make.ts";
import { causeOf } from "./words.ts";

const from = (remoteAddress: string) => ({ method: "GET", target: "/", connection: { remoteAddress } });
const web = pod("web");

describe("who causes a line", () => {
  it("is each pod at each address, and each user of the node that asks for it", () => {
    const causes = [
      causeOf(from("10.244.0.2")),
      causeOf(from("10.244.0.3")),
      causeOf(from("10.244.0.2"), { pod: web }),
      causeOf(from("10.244.0.3"), { pod: web }),
      causeOf(from("10.244.0.2"), { pod: pod("api") }),
      causeOf(from("127.0.0.1"), { pod: web, hostUid: 0 }),
      causeOf(from("127.0.0.1"), { pod: web, hostUid: 1000 }),
    ];
    expect(new Set(causes.map(({ key }) => key)).size).toBe(causes.length);
    expect(causeOf(from("10.244.0.2"), { pod: web })).toEqual(causes[2]);
  });

  it("is known where its pod is", () => {
    expect(causeOf(from("10.244.0.2")).isKnown).toBe(false);
    expect(causeOf(from("127.0.0.1"), { hostUid: 0 }).isKnown).toBe(false);
    expect(causeOf(from("10.244.0.2"), { pod: web }).isKnown).toBe(true);
  });
});
