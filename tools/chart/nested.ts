/** Values by their names with dots, as a file of values has them. */
export function nested<T>(values: Iterable<readonly [name: string, value: T]>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const parts = name.split(".");
    const last = parts.pop() ?? "";
    let at = root;
    for (const part of parts) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[last] = value;
  }
  return root;
}
