// Marks NMI's DaemonSet, so that NMI knows that it stops for good and removes its iptables rules from the nodes.
const [namespace, name] = process.env.DAEMONSET.split("/");
const mark = JSON.stringify({ metadata: { annotations: { "aadpodidentity.k8s.io/uninstall": "true" } } });
const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`;
const status = await patch(path, "application/merge-patch+json", mark);
if (status !== 200 && status !== 404) {
  console.error(`cannot tell NMI of the uninstall: run helm uninstall --no-hooks, then nmi --cleanup on each node that keeps rules`);
  process.exit(1);
}
console.log(status === 404 ? `there is no DaemonSet ${namespace}/${name}` : `DaemonSet ${namespace}/${name} is marked`);
