import { randomUUID } from "node:crypto";

type Announcement = {
  readonly type: "Freeze" | "Reboot" | "Redeploy" | "Preempt" | "Terminate";
  /** Names of the instances that it is about. */
  readonly resources: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly description?: string;
};
type ScheduledEvent = Announcement & { readonly id: string; readonly isStarted: boolean };

/** Maintenance of a machine: announced, approved by a guest or begun by Azure, over. Each step is a new incarnation. */
export class ScheduledEvents {
  readonly #events = new Map<string, ScheduledEvent>();
  #incarnation = 1;

  /** Announces an event; its ID is what a guest approves it by. */
  announce(announcement: Announcement): string {
    const id = randomUUID().toUpperCase();
    return this.#put({ ...announcement, id, isStarted: false });
  }

  /** A guest approves an event, or Azure waits no longer. False when there is no such event. */
  start(id: string): boolean {
    const event = this.#events.get(id.toUpperCase());
    if (event !== undefined) this.#put({ ...event, isStarted: true });
    return event !== undefined;
  }

  /** The event is over. */
  finish(id: string): void {
    if (this.#events.delete(id.toUpperCase())) this.#incarnation += 1;
  }

  /** The document that guests read. */
  document(): object {
    return { DocumentIncarnation: this.#incarnation, Events: [...this.#events.values()].map(eventJson) };
  }

  #put(event: ScheduledEvent): string {
    this.#events.set(event.id, event);
    this.#incarnation += 1;
    return event.id;
  }
}

function eventJson({ id, isStarted, type, resources, notBefore, description = "" }: ScheduledEvent): object {
  return {
    EventId: id,
    EventStatus: isStarted ? "Started" : "Scheduled",
    EventType: type,
    ResourceType: "VirtualMachine",
    Resources: resources,
    NotBefore: isStarted ? "" : new Date(notBefore).toUTCString(),
    Description: description,
    EventSource: "Platform",
    DurationInSeconds: -1,
  };
}
