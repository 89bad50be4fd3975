import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { shortPod } from "../../../../test/support/kube/fresh-kube-api.ts";
import { call } from "../../../../test/support/kube/kube-call.ts";
import { startKubeApi } from "../server.ts";
import { lastLines } from "./log-options.ts";

const PODS = "/api/v1/namespaces/default/pods";
const PAST = "2020-01-01T00:00:00Z";

/** A node that knows the pods `a` and `b`, and prints one more line when it is followed. */
const logs = {
  read: async (_namespace: string, pod: string) => ("ab".includes(pod) ? "one\ntwo\nthree" : undefined),
  async *follow() {
    yield "one\ntwo\nth";
    yield "ree\nfour\n";
  },
};

let url = "";
beforeEach(async () => {
  const api = await startKubeApi({ logs });
  onTestFinished(() => api[Symbol.asyncDispose]());
  url = api.url;
  const two = [
    { name: "c", image: "i" },
    { name: "d", image: "i" },
  ];
  await call(url, "POST", PODS, shortPod("a", { nodeName: "n" }));
  await call(
    url,
    "POST",
    PODS,
    shortPod("b", { nodeName: "n", containers: two, initContainers: [{ name: "e", image: "i" }] }),
  );
  await call(url, "POST", PODS, shortPod("new", { nodeName: "n" }));
  await call(url, "POST", PODS, shortPod("nowhere"));
  await call(url, "POST", PODS, shortPod("again", { nodeName: "n", initContainers: [{ name: "first", image: "i" }] }));
  const state = { running: { startedAt: PAST } };
  const ran = (name: string, restartCount: number) => [
    { name, image: "i", imageID: "", ready: true, restartCount, state },
  ];
  const tell = (pod: string, status: object) =>
    call(url, "PATCH", `${PODS}/${pod}/status`, { status }, { type: "application/merge-patch+json" });
  await tell("a", { containerStatuses: ran("main", 0) });
  await tell("again", { containerStatuses: ran("main", 2), initContainerStatuses: ran("first", 1) });
});

const log = (path: string) => call(url, "GET", `${PODS}/${path}`);

describe("a pod's log", () => {
  it.each([
    { path: "a/log", then: "one\ntwo\nthree" },
    { path: "a/log?container=main&tailLines=2", then: "two\nthree" },
    { path: "a/log?tailLines=0", then: "" },
    { path: "a/log?limitBytes=5", then: "one\nt" },
    { path: "a/log?follow=true", then: "one\ntwo\nthree\nfour\n" },
    { path: "a/log?follow=true&tailLines=1", then: "three\nfour\n" },
    { path: "a/log?sinceTime=2000-01-01T00:00:00Z", then: "one\ntwo\nthree" },
    { path: "b/log?container=d", then: "one\ntwo\nthree" },
    { path: "nowhere/log", then: "" },
  ])("of $path", async ({ path, then }) => {
    expect(await log(path)).toMatchObject({ code: 200, body: { text: then } });
  });

  it.each([
    { path: "none/log", code: 404, message: 'pods "none" not found' },
    { path: "a/log?container=x", code: 400, message: "container x is not valid for pod a" },
    {
      path: "b/log",
      code: 400,
      message: "a container name must be specified for pod b, choose one of: [c d] or one of the init containers: [e]",
    },
    { path: "new/log", code: 400, message: 'container "main" in pod "new" is waiting to start: ContainerCreating' },
    { path: "a/log?previous=true", code: 400, message: 'previous terminated container "main" in pod "a" not found' },
    { path: "again/log?container=main&previous=true", code: 501, message: /one log of all runs/ },
    { path: "again/log?container=first&previous=true", code: 501, message: /one log of all runs/ },
    { path: "new/log?previous=true", code: 400, message: /not found/ },
    { path: "a/log?tailLines=x", code: 400, message: /invalid syntax/ },
    { path: "a/log?timestamps=true", code: 501, message: /not when/ },
    { path: "a/log?sinceSeconds=5", code: 501, message: /try --tail/ },
  ])("is refused of $path", async ({ path, code, message }) => {
    const answer = await log(path);
    expect(answer.code).toBe(code);
    expect(answer.body.message).toMatch(message);
  });
});

it("counts lines with and without an end", () => {
  expect(lastLines("a\nb\n", 1)).toBe("b\n");
  expect(lastLines("a\nb", 1)).toBe("b");
  expect(lastLines("a\nb\n", 9)).toBe("a\nb\n");
});
