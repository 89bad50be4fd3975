import { LineCounter, parseDocument } from "yaml";
import { Fault } from "../../base/fault.ts";

/** The content of a YAML file; an empty one is an empty object. @throws Fault FILE_INVALID */
export function readYaml({ name, text }: { readonly name: string; readonly text: string }): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined) return document.toJS() ?? {};
  const { line } = lineCounter.linePos(error.pos[0]);
  throw new Fault("FILE_INVALID", `${name}: line ${line} is not YAML: ${error.message.replace(/\.$/, "")}`, {
    cause: error,
  });
}
