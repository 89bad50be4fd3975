import { isAlias, LineCounter, parseDocument, visit } from "yaml";
import { Fault } from "../../base/fault.ts";

/** The content of a YAML file; an empty one is an empty object. @throws Fault FILE_INVALID */
export function readYaml({ name, text }: { readonly name: string; readonly text: string }): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  let alias = "";
  visit(document, (_, node) => {
    if (isAlias(node)) alias = node.source;
  });
  // One that stands within what it names has no end.
  if (alias !== "") throw new Fault("FILE_INVALID", `${name}: has the alias *${alias}: write out what it stands for`);
  if (error === undefined) return document.toJS() ?? {};
  const { line } = lineCounter.linePos(error.pos[0]);
  throw new Fault("FILE_INVALID", `${name}: line ${line} is not YAML: ${error.message.replace(/\.$/, "")}`, {
    cause: error,
  });
}
