import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

/** Whoever looks at a dry run wants to hear within this time that nothing can be read. */
const PATIENCE_MS = 15_000;
/** They pass only when somebody grants something. */
const REFUSALS = ["KUBE_UNAUTHORIZED", "KUBE_FORBIDDEN"] as const;

/** How long a program waits for the API server that is there for one answer. */
export type Patience = {
  /** What stores have to tell. */
  readonly hooks: { readonly onContact: () => void; readonly onTrouble: (fault: Fault) => void };
  /** Waits for something; throws the fault that stands in its way. */
  until(ready: Promise<unknown>, signal: AbortSignal): Promise<void>;
};

/** Patience that a refusal ends at once, and any other trouble that lasts after a while. */
export function patienceOf(clock: Clock): Patience {
  const end = Promise.withResolvers<never>();
  end.promise.catch(() => {}); // nobody may wait for it
  let isOver = false;
  let last: Fault | undefined;
  return {
    hooks: {
      onContact: () => {
        last = undefined;
      },
      onTrouble: (fault) => {
        last = fault;
        if (isOver || Fault.is(fault, ...REFUSALS)) end.reject(fault);
      },
    },
    until: async (ready, signal) => {
      const tired = () => {
        isOver = true;
        if (last !== undefined) end.reject(last);
      };
      void clock.sleep(PATIENCE_MS, signal).then(tired, () => {}); // rejected: it was not needed
      await Promise.race([ready, end.promise]);
    },
  };
}
