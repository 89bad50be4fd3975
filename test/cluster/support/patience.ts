/** How long a test waits for what comes in its own time: other things may run here, and a machine in Azure may have to wait its turn. */
export const patiently = { timeout: 150_000, interval: 500 } as const;
