/**
 * Reads a JSON text as Go's decoder does, which says what is wrong in other words than JavaScript's, and notices
 * names that an object has twice. Values are left to JSON.parse.
 */

/** The paths of the names that come twice, as `spec.containers[0].image`. @throws Error in Go's words */
export function scanJson(text: string): readonly string[] {
  const scan = new Scan(text);
  scan.value("");
  scan.end();
  return scan.twice;
}

const LITERALS: Readonly<Record<string, string>> = { t: "true", f: "false", n: "null" };
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const PLAIN = /[^"\\]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class Scan {
  readonly twice: string[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(path: string): void {
    const first = this.#peek();
    const literal = LITERALS[first];
    if (first === "{") this.#object(path);
    else if (first === "[") this.#list(path);
    else if (first === '"') this.#string();
    else if (literal !== undefined) this.#literal(literal);
    else if (!this.#matches(NUMBER)) this.#wrong("looking for beginning of value");
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) this.#wrong("after top-level value");
  }

  #object(path: string): void {
    this.#at += 1;
    const seen = new Set<string>();
    if (this.#ends("}")) return;
    for (;;) {
      if (this.#peek() !== '"') this.#wrong("looking for beginning of object key string");
      const name = this.#string();
      const inner = path === "" ? name : `${path}.${name}`;
      if (seen.has(name)) this.twice.push(inner);
      seen.add(name);
      if (this.#peek() !== ":") this.#wrong("after object key");
      this.#at += 1;
      this.value(inner);
      const next = this.#peek();
      if (next !== "}" && next !== ",") this.#wrong("after object key:value pair");
      this.#at += 1;
      if (next === "}") return;
    }
  }

  #list(path: string): void {
    this.#at += 1;
    if (this.#ends("]")) return;
    for (let i = 0; ; i += 1) {
      this.value(`${path}[${i}]`);
      const next = this.#peek();
      if (next !== "]" && next !== ",") this.#wrong("after array element");
      this.#at += 1;
      if (next === "]") return;
    }
  }

  #string(): string {
    const from = this.#at;
    this.#at += 1;
    while (this.#matches(PLAIN) && this.#text[this.#at] !== '"') {
      if (!this.#matches(ESCAPE)) this.#wrongAt(this.#at + 1, "in string escape code");
    }
    this.#at += 1;
    const raw = this.#text.slice(from, this.#at);
    return raw.includes("\\") ? JSON.parse(raw) : raw.slice(1, -1);
  }

  #ends(bracket: string): boolean {
    if (this.#peek() !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #literal(word: string): void {
    for (let i = 1; i < word.length; i += 1) {
      const letter = word[i] ?? "";
      if (this.#text[this.#at + i] !== letter)
        this.#wrongAt(this.#at + i, `in literal ${word} (expecting '${letter}')`);
    }
    this.#at += word.length;
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.test(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  /** The next character that is no space. */
  #peek(): string {
    this.#space();
    return this.#text[this.#at] ?? "";
  }

  #space(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #wrong(where: string): never {
    return this.#wrongAt(this.#at, where);
  }

  #wrongAt(at: number, where: string): never {
    const found = this.#text[at];
    throw new Error(found === undefined ? "unexpected end of JSON input" : `invalid character '${found}' ${where}`);
  }
}
