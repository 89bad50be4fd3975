/**
 * What is wrong with the ports of one program, a sentence for each on which several of its flags would have it listen. The
 * system lets it where ports are shared, and gives each connection to any of them.
 * @param ports by flag, without dashes; 0 is a free one
 */
export function portProblems(ports: Readonly<Record<string, number>>): readonly string[] {
  const flagsOf = Map.groupBy(Object.keys(ports), (flag) => ports[flag] ?? 0);
  flagsOf.delete(0);
  return [...flagsOf].flatMap(([port, flags]) => {
    const named = flags.map((flag) => `--${flag}`);
    const [last = "", ...others] = named.reverse();
    return others.length === 0
      ? []
      : [`${others.reverse().join(", ")} and ${last} would listen on one port, ${port}: choose different ones`];
  });
}
