import { expect, it } from "vitest";
import { Fault } from "./fault.ts";
import { listen } from "./listener.ts";

const options = { host: "127.0.0.1", flag: "nmi-port" };

it("serves on a free port that it tells", async () => {
  await using listener = await listen((_, response) => response.end("hello"), { ...options, port: 0 });
  const answer = await fetch(`http://127.0.0.1:${listener.port}`);
  expect(await answer.text()).toBe("hello");
});

it("says which port is taken and which flag chooses another", async () => {
  await using first = await listen(() => {}, { ...options, port: 0 });
  const second = listen(() => {}, { ...options, port: first.port });
  await expect(second).rejects.toThrow(
    `127.0.0.1:${first.port}: another program uses the port; stop it or choose another with --nmi-port`,
  );
  await expect(second).rejects.toSatisfy((reason) => Fault.is(reason, "PORT_IN_USE"));
});

it("says when the machine does not have the address", async () => {
  const elsewhere = listen(() => {}, { host: "192.0.2.1", port: 0, flag: "nmi-port" });
  await expect(elsewhere).rejects.toSatisfy((reason) => Fault.is(reason, "ADDRESS_UNAVAILABLE"));
});
