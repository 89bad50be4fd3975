import type { ServerResponse } from "node:http";
import { RELEASE } from "../../release.ts";
import { firstAccepted } from "../http/accept.ts";

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/** How clients ask for it. */
const FORMER_TYPE = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

const TITLE = "Kubernetes";
const asJson = Buffer.from(
  JSON.stringify({ swagger: "2.0", info: { title: TITLE, version: RELEASE }, paths: {}, definitions: {} }),
);
const asProtobuf = Buffer.concat([
  field(1, "2.0"),
  field(2, Buffer.concat([field(1, TITLE), field(2, RELEASE)])),
  field(8, ""),
  field(9, ""),
]);

/**
 * `/openapi/v2`, which `kubectl` reads where `/openapi/v3` does not know a kind: it describes none, so that the
 * client goes on and says itself that the kind is not there.
 */
export function sendOpenApiV2(response: ServerResponse, accept: string | undefined): void {
  const type = firstAccepted(accept, [JSON_TYPE, FORMER_TYPE, PROTOBUF_TYPE]);
  if (type === undefined) return void response.writeHead(406).end();
  const isJson = type === JSON_TYPE;
  const body = isJson ? asJson : asProtobuf;
  const headers = { "content-type": isJson ? JSON_TYPE : PROTOBUF_TYPE, vary: "Accept" };
  response.writeHead(200, { ...headers, "content-length": body.length }).end(body);
}

/** A field of a protobuf message that is a text or a message, of less than 128 bytes. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}
