import type { Defect } from "../model/defects.ts";

/** What would let requests past NMI, each a mistake that somebody might make in its code. */
export const defects: readonly Defect[] = [
  {
    name: "canonicalisation taken out",
    file: "src/nmi/routes/metadata-path.ts",
    find: "const decoded = decode(path);\n  const segments = resolve(decoded);",
    replace: 'const decoded = path;\n  void [decode, resolve];\n  const segments = path.slice(1).split("/");',
    why: "a path that only looks like instance metadata reaches the token endpoint",
  },
  {
    name: "undecoded rest let through",
    file: "src/nmi/routes/metadata-path.ts",
    find: "if (!/^[\\w./~-]*$/.test(text)) throw",
    replace: "if (text === undefined) throw",
    why: "what is encoded more often than NMI decodes reaches the metadata service",
  },
  {
    name: "identity within other documents let through",
    file: "src/nmi/routes/metadata-path.ts",
    find: '!== "identity" && /identity/i.test(canonical)',
    replace: '!== "identity" && canonical === ""',
    why: "a server that reads a path otherwise finds an identity there",
  },
  {
    name: "target passed on as it came",
    file: "src/nmi/routes/metadata-path.ts",
    find: "target: `/",
    replace: "target: target || `/",
    why: "the metadata service reads the disguise again, in its own way",
  },
  {
    name: "identity paths open to all",
    file: "src/nmi/routes/metadata-proxy.ts",
    find: 'if (path.area !== "identity" && isRead(request.method))',
    replace: "if (isRead(request.method))",
    why: "every pod may ask the metadata service about the machine's identities",
  },
  {
    name: "all headers passed on",
    file: "src/nmi/routes/relay.ts",
    find: "headers: only(requestHeaders, headers),",
    replace: "headers: only([...requestHeaders, ...Object.keys(headers)], headers),",
    why: "a client says which host is asked, and how long the request is",
  },
  {
    name: "refusal before an answer that is due",
    file: "src/nmi/server/server.ts",
    find: "peers.isAnswered(socket) ? socket.destroy() : refuse(socket)",
    replace: "refuse(socket)",
    why: "a client takes the refusal of one request for the answer to another",
  },
];
