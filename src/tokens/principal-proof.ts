import { objectKey } from "../api/meta.ts";
import { type KubeSecret, secretBytes } from "../api/secret.ts";
import { clientAssertion } from "../azure/client-assertion.ts";
import { readClientCertificate } from "../azure/client-certificate.ts";
import { Fault } from "../base/fault.ts";

/** The fields of a form that prove who an application is; `confidential` are values that nobody may read. */
type Proof = { readonly fields: Readonly<Record<string, string>>; readonly confidential: readonly string[] };
export type Prover = (clientId: string, endpoint: URL, nowMs: number) => Proof;

/** How an application proves itself with what its Secret holds. @throws Fault SECRET_INVALID, which quotes no value */
export type ReadProver = (secret: KubeSecret, nowMs: number) => Promise<Prover>;

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SECRET_KEY = "clientSecret";
const settings = { file: "its key certificate", password: "its key password" } as const;

/** The client secret under the key `clientSecret`, or whatever the only key is called. */
export const secretProver: ReadProver = async (secret) => {
  const { data, meta } = secret;
  const [only, ...others] = data.keys();
  const key = data.has(SECRET_KEY) || others.length > 0 ? SECRET_KEY : only;
  const bytes = key === undefined ? undefined : secretBytes(secret, key);
  if (bytes === undefined || key === undefined) {
    const what = only === undefined ? "holds nothing" : "has several keys and none of the name";
    throw invalid(`Secret ${objectKey(meta)} ${what}: put the client secret under the key ${SECRET_KEY}`);
  }
  const value = bytes.toString("utf8");
  if (value === "") throw invalid(`Secret ${objectKey(meta)} has an empty ${key}: put the client secret there`);
  return () => ({ fields: { client_secret: value }, confidential: [value] });
};

/** The certificate with its private key under the key `certificate`, in PEM or as PFX; its password under `password`. */
export const certificateProver: ReadProver = async (secret, nowMs) => {
  const name = `Secret ${objectKey(secret.meta)}`;
  const content = secretBytes(secret, "certificate");
  if (content === undefined) {
    throw invalid(`${name} has no key certificate: put the certificate with its private key there, in PEM or as PFX`);
  }
  const password = secretBytes(secret, "password")?.toString("utf8") ?? "";
  const certificate = await readClientCertificate(name, content, password, settings).catch((reason: unknown) => {
    throw Fault.is(reason, "FILE_INVALID") ? invalid(reason.message) : reason;
  });
  if (certificate.expiresAt <= nowMs) {
    const day = new Date(certificate.expiresAt).toISOString().slice(0, 10);
    throw invalid(
      `the certificate in ${name} expired on ${day}: put a valid one there and register it with the application`,
    );
  }
  return (clientId, endpoint, atMs) => {
    const assertion = clientAssertion(certificate, clientId, `${endpoint.origin}${endpoint.pathname}`, atMs);
    const fields = { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion };
    return { fields, confidential: [assertion] };
  };
};

function invalid(message: string): Fault {
  return new Fault("SECRET_INVALID", message);
}
