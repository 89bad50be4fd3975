// What the chart's hooks share; each hook's Job runs this file and its own as one module.
import { readFileSync } from "node:fs";

const account = process.env.SERVICE_ACCOUNT_DIR ?? "/var/run/secrets/kubernetes.io/serviceaccount";
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
const ATTEMPTS = 5;

/** One change of an object, tried again while the API server cannot answer. Gives the status that it ended with. */
async function patch(path, type, body) {
  const [status] = await ask("PATCH", path, { "content-type": type }, body);
  return status;
}

/** One request, tried again while the API server cannot answer. Gives the status that it ended with, and the text. */
async function ask(method, path, headers = {}, body = undefined) {
  for (let attempt = 1; ; attempt += 1) {
    const [status, text] = await send(method, path, headers, body).catch((reason) => [0, String(reason.cause ?? reason)]);
    if (status >= 200 && status < 300) return [status, text];
    if ((status >= 400 && status < 500 && status !== 429) || attempt === ATTEMPTS) {
      console.error(`${method} ${path}: ${status === 0 ? "no answer" : status} ${text}`);
      return [status, text];
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * attempt)); // time for the API server to come back
  }
}

async function send(method, path, headers, body) {
  const authorization = `Bearer ${readFileSync(`${account}/token`, "utf8").trim()}`;
  const url = `https://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
  const signal = AbortSignal.timeout(10_000);
  const answer = await fetch(url, { method, headers: { ...headers, authorization }, body, signal });
  return [answer.status, await answer.text()];
}
