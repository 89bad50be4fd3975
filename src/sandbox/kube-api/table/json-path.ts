import { isList, isObject, type Json } from "../json.ts";

type Step = (value: Json) => readonly Json[];

/** Reads the simple paths of printer columns: `.spec.type`, `['a.b']`, `[0]`, `[*]`, `[?(@.type=="Ready")]`. @throws Error */
export function jsonPath(path: string): (value: Json) => readonly Json[] {
  const steps: Step[] = [];
  let rest = path;
  while (rest !== "") {
    const found = forms.map(({ form, step }) => ({ match: form.exec(rest), step })).find(({ match }) => match !== null);
    if (!found?.match) throw new Error(`unrecognized path ${path}`);
    steps.push(found.step(found.match));
    rest = rest.slice(found.match[0].length);
  }
  return (value) => steps.reduce<readonly Json[]>((values, step) => values.flatMap(step), [value]);
}

const forms: readonly { readonly form: RegExp; readonly step: (match: RegExpExecArray) => Step }[] = [
  { form: /^\.((?:[^.[\\]|\\.)+)/, step: ([, name = ""]) => field(name.replaceAll(/\\(.)/g, "$1")) },
  { form: /^\['((?:[^'\\]|\\.)*)'\]/, step: ([, name = ""]) => field(name.replaceAll(/\\(.)/g, "$1")) },
  { form: /^\[(-?\d+)\]/, step: ([, at]) => item(Number(at)) },
  { form: /^(?:\[\*\]|\.\*)/, step: () => items },
  {
    form: /^\[\?\(\s*@((?:\.[\w-]+)+)\s*==\s*["']([^"']*)["']\s*\)\]/,
    step: ([, inner = "", wanted]) => {
      const read = jsonPath(inner);
      return (value) => items(value).filter((each) => read(each).some((found) => String(found) === wanted));
    },
  },
];

function field(name: string): Step {
  return (value) => {
    const found = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    return found === undefined ? [] : [found];
  };
}

function item(at: number): Step {
  return (value) => {
    const found = isList(value) ? value.at(at) : undefined;
    return found === undefined ? [] : [found];
  };
}

function items(value: Json): readonly Json[] {
  if (isList(value)) return value;
  return isObject(value) ? Object.values(value).flatMap((each) => (each === undefined ? [] : [each])) : [];
}
