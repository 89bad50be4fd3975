import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A small program that asks for one token by the SDK of its language, as applications in pods do. */
export type SdkClient = { readonly language: Language; readonly credential: Credential };
/**
 * `managed` names a client ID; `default` is a plain DefaultAzureCredential, which names nothing; `environment` is a service
 * principal of the variables, in Go and Python alone.
 */
type Credential = "managed" | "default" | "environment";
type Language = keyof typeof commands;

/** What such a program says: the first 8 characters of the token's SHA-256, or the error as an application sees it. */
export type Told = {
  readonly ok: boolean;
  readonly token?: string;
  /** The token itself, where the variable TELL_TOKEN asks for it. */
  readonly jwt?: string;
  readonly error?: string;
  readonly message?: string;
  readonly seconds: number;
};

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "aad-pod-identity-clients");

/** How each is called, in its own folder of the cache. */
const commands = {
  go: ["./token-client"],
  python: ["venv/bin/python", "token_client.py"],
  javascript: [process.execPath, "token-client.js"],
  java: ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", "classes:jars/*", "TokenClient"],
  rust: ["./token-client"],
} as const satisfies Record<string, readonly string[]>;

/** Every client; the SDK for Rust has no DefaultAzureCredential. */
export const clients: readonly SdkClient[] = [
  { language: "go", credential: "managed" },
  { language: "go", credential: "default" },
  { language: "python", credential: "managed" },
  { language: "python", credential: "default" },
  { language: "javascript", credential: "managed" },
  { language: "javascript", credential: "default" },
  { language: "java", credential: "managed" },
  { language: "java", credential: "default" },
  { language: "rust", credential: "managed" },
];

/** Why a client cannot be tried here; undefined when it can. */
export function clientMissing({ language }: SdkClient): string | undefined {
  return existsSync(join(CACHE, language, ".stamp"))
    ? undefined
    : `test/clients/build has not made the one of ${language}`;
}

type Question = {
  /** Of the network; our own where none is named. */
  readonly namespace?: string;
  readonly clientId?: string;
  readonly variables?: Readonly<Record<string, string>>;
};

/** Runs one to its end, with nothing of our own environment but PATH. */
export async function askForToken(
  { language, credential }: SdkClient,
  { namespace, clientId = "", variables = {} }: Question,
): Promise<Told> {
  const home = await mkdtemp(join(tmpdir(), "sdk-home-"));
  try {
    const inside = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
    const [program = "", ...args] = [...inside, ...commands[language], credential, clientId];
    const env = { PATH: process.env.PATH ?? "", HOME: home, ...variables };
    const child = spawn(program, args, { cwd: join(CACHE, language), env, stdio: ["ignore", "pipe", "pipe"] });
    const [said, warned] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    const line = said.trim().split("\n").at(-1) ?? "";
    if (!line.startsWith("{")) throw new Error(`the client of ${language} said no result: ${said}${warned}`);
    return JSON.parse(line) as Told;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** What a client says when it got this token. */
export function gotToken(token: string) {
  return { ok: true, token: createHash("sha256").update(token).digest("hex").slice(0, 8) };
}
