import { type ConfigOf, text, yesNo } from "../base/options.ts";

/** Every setting of the validator: the original's flags, and where its services are. */
export const validatorOptions = {
  sleep: yesNo({
    flag: "sleep",
    fallback: false,
    help: "Check nothing and wait: the pod's own command, while checks are run inside by kubectl exec.",
  }),
  subscription: text({ flag: "subscription-id", fallback: "", help: "Taken, as by the original, and not needed." }),
  clientId: text({
    flag: "identity-client-id",
    fallback: "",
    help: "Client ID of the identity that reads the secret; that check is left out when empty.",
  }),
  resourceId: text({
    flag: "identity-resource-id",
    fallback: "",
    help: "Resource ID of the identity that reads the secret; that check is left out when empty.",
  }),
  vaultName: text({ flag: "keyvault-name", fallback: "", help: "Key Vault that holds the secret." }),
  secretName: text({ flag: "keyvault-secret-name", fallback: "", help: "Name of the secret." }),
  secretVersion: text({
    flag: "keyvault-secret-version",
    fallback: "",
    help: "Version of the secret; the newest when empty.",
  }),
  secretValue: text({
    flag: "keyvault-secret-value",
    fallback: "test-value",
    help: "What the secret is expected to hold.",
  }),
  vaultUrl: text({
    flag: "keyvault-url",
    fallback: "",
    help: "Where the Key Vault is; https://<keyvault-name>.vault.azure.net when empty.",
  }),
  metadataUrl: text({
    flag: "metadata-url",
    env: "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    fallback: "http://169.254.169.254",
    help: "Where the instance metadata service is; Azure's SDKs take it from the same variable.",
  }),
};

export type ValidatorConfig = ConfigOf<typeof validatorOptions>;

/** What the checks lack that are asked for, as sentences. */
export function validatorProblems(config: ValidatorConfig): readonly string[] {
  const readsSecret = !config.sleep && (config.clientId !== "" || config.resourceId !== "");
  if (!readsSecret) return [];
  const vault =
    config.vaultName === "" && config.vaultUrl === "" ? ["--keyvault-name is empty: name the Key Vault to read"] : [];
  const secret = config.secretName === "" ? ["--keyvault-secret-name is empty: name the secret to read"] : [];
  return [...vault, ...secret];
}

/** Where the secret is read. */
export function secretUrl({ vaultName, vaultUrl, secretName, secretVersion }: ValidatorConfig): string {
  const vault = (vaultUrl || `https://${vaultName}.vault.azure.net`).replace(/\/+$/, "");
  const path = [secretName, secretVersion].filter((part) => part !== "").map(encodeURIComponent);
  return `${vault}/secrets/${path.join("/")}?api-version=7.4`;
}
