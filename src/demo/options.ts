import { type ConfigOf, duration, text } from "../base/options.ts";

/** Every setting of the demo: today's flags, and the spellings that older guides use. */
export const demoOptions = {
  periodMs: duration({ flag: "period", fallback: 100_000, minMs: 1, help: "Pause between two rounds." }),
  resource: text({
    flag: "resource-name",
    fallback: "https://management.azure.com/",
    help: "Resource that tokens are asked for.",
  }),
  subscription: text({ flag: "subscription-id", fallback: "", help: "Subscription whose machines are listed." }),
  resourceGroup: text({ flag: "resource-group", fallback: "", help: "Resource group whose machines are listed." }),
  clientId: text({ flag: "identity-client-id", fallback: "", help: "Client ID of the pod's identity." }),
  olderSubscription: text({ flag: "subscriptionid", fallback: "", help: "Older spelling of --subscription-id." }),
  olderResourceGroup: text({ flag: "resourcegroup", fallback: "", help: "Older spelling of --resource-group." }),
  olderClientId: text({ flag: "clientid", fallback: "", help: "Older spelling of --identity-client-id." }),
  metadataUrl: text({
    flag: "metadata-url",
    env: "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    fallback: "http://169.254.169.254",
    help: "Where the instance metadata service is; Azure's SDKs take it from the same variable.",
  }),
  armUrl: text({
    flag: "arm-endpoint",
    fallback: "https://management.azure.com",
    help: "Where Azure Resource Manager is.",
  }),
};

export type DemoConfig = ConfigOf<typeof demoOptions>;

/** What a round does, after either spelling of the flags. */
export type DemoTask = {
  readonly resource: string;
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly clientId: string;
  readonly armUrl: string;
  /** The lines of older guides are wanted too. */
  readonly isOlder: boolean;
};

/** Joins both spellings of the flags; today's wins. */
export function demoTask(config: DemoConfig): DemoTask {
  const { olderSubscription, olderResourceGroup, olderClientId } = config;
  return {
    resource: config.resource,
    subscription: config.subscription || olderSubscription,
    resourceGroup: config.resourceGroup || olderResourceGroup,
    clientId: config.clientId || olderClientId,
    armUrl: config.armUrl.replace(/\/+$/, ""),
    isOlder: [olderSubscription, olderResourceGroup, olderClientId].some((value) => value !== ""),
  };
}
