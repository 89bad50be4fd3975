// Removes what MIC keeps for itself: its lock, and the note that objects have the spelling of 1.6. By now MIC may not
// write either any more. It never fails an uninstall, whose other parts are done.
const [lockNamespace, lock] = process.env.LOCK.split("/");
const [namespace, note] = process.env.NOTE.split("/");
const lease = `/apis/coordination.k8s.io/v1/namespaces/${lockNamespace}/leases/${lock}`;
const endpoints = `/api/v1/namespaces/${lockNamespace}/endpoints/${lock}`;
const configMap = `/api/v1/namespaces/${namespace}/configmaps/${note}`;
const statuses = [];
for (const path of [lease, endpoints, configMap]) statuses.push((await ask("DELETE", path))[0]);
const isDone = statuses.every((status) => status === 200 || status === 404);
const left = `kubectl delete lease,endpoints ${lock} -n ${lockNamespace} --ignore-not-found; kubectl delete configmap ${note} -n ${namespace} --ignore-not-found`;
console.log(isDone ? `lock ${lockNamespace}/${lock} and ConfigMap ${namespace}/${note} are gone` : `still to do: ${left}`);
