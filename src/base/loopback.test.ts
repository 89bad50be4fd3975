import { expect, it } from "vitest";
import { isLoopback } from "./loopback.ts";

it.each([
  ["127.0.0.1", true],
  ["127.0.1.1", true],
  ["::1", true],
  ["localhost", true],
  ["10.0.0.4", false],
  ["0.0.0.0", false],
  ["::", false],
  ["127.example.org", false],
])("%s is reached by the node alone: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
