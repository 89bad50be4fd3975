const STAGES = ["alpha", "beta", undefined];

/** Versions of a group in the order in which clients are to prefer them: the last that is no trial first. */
export function byPreference(versions: Iterable<string>): readonly string[] {
  return [...new Set(versions)].sort((one, other) => {
    const [a, b] = [rankOf(one), rankOf(other)];
    const place = a.findIndex((part, i) => part !== b[i]);
    return place < 0 ? (one < other ? -1 : 1) : (b[place] ?? 0) - (a[place] ?? 0);
  });
}

function rankOf(version: string): readonly number[] {
  const [found, major, stage, minor = 0] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  return found === undefined ? [-1, 0, 0] : [STAGES.indexOf(stage), Number(major), Number(minor)];
}
