import { createServer } from "node:http";
import { Fault, type FaultCode } from "../../src/base/fault.ts";
import { errorAnswer } from "../../src/nmi/routes/error-answer.ts";
import { answering } from "../support/netns/answering.ts";
import { METADATA_ADDRESS } from "../support/netns/netns.ts";

// Gives whoever asks for a token one of NMI's refusals, always the same; tells its body, and when each asked.
type Question = { readonly refuse: FaultCode; readonly because: string } | { readonly tries: true };

const settings = { setRetryAfterHeader: false };
const headerMissing = errorAnswer(new Fault("METADATA_HEADER_MISSING", "the header Metadata is missing"), settings);
const tries = new Map<string, number[]>();
let refusal = headerMissing;

const server = createServer(({ headers, socket }, response) => {
  const isProbe = headers.metadata === undefined;
  const address = socket.remoteAddress ?? "";
  if (!isProbe) tries.set(address, [...(tries.get(address) ?? []), performance.now()]);
  const { status, headers: own, body } = isProbe ? headerMissing : refusal;
  response.writeHead(status, own).end(body);
});
await new Promise<void>((resolve) => server.listen(80, METADATA_ADDRESS, resolve));

answering((question: Question) => {
  if ("tries" in question) return Object.fromEntries(tries);
  tries.clear();
  refusal = errorAnswer(new Fault(question.refuse, question.because), settings);
  return JSON.parse(String(refusal.body));
});
