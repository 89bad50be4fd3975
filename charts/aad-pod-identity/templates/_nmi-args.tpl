{{/* The command line of NMI: what is given, in the original's order. */}}
{{- define "podid.nmi.args" -}}
{{- $nmi := .Values.nmi -}}
- "--node=$(NODE_NAME)"
- {{ printf "--daemonset=%s/%s" .Release.Namespace (include "podid.nmi" .) | quote }}
- "--proc-sys-net=/host/proc/sys/net"
- "--started-file=/run/started/nmi"
- {{ printf "--operation-mode=%s" .Values.operationMode | quote }}
{{- if not (include "podid.standard" .) }}
- "--forceNamespaced"
{{- else if include "podid.rbac" . }}
- {{ printf "--mic-service-account=%s/%s" .Release.Namespace (include "podid.mic" .) | quote }}
{{- end }}
- {{ printf "--http-probe-port=%s" (toString ($nmi.probePort | default 8085)) | quote }}
- {{ printf "--enableScaleFeatures=%s" (include "podid.yes" (list $nmi.enableScaleFeatures true) | default "false") | quote }}
- {{ printf "--metadata-header-required=%s" (include "podid.yes" (list $nmi.metadataHeaderRequired true) | default "false") | quote }}
- {{ printf "--kubelet-config=%s" $nmi.kubeletConfig | quote }}
{{- if ne (toString $nmi.logVerbosity) "0" }}
{{- include "podid.flag" (list "-v" $nmi.logVerbosity) }}
{{- end }}
{{- include "podid.flag" (list "--log-format" $nmi.loggingFormat) }}
{{- include "podid.flag" (list "--ipt-update-interval-sec" $nmi.ipTableUpdateTimeIntervalInSeconds) }}
{{- include "podid.flag" (list "--MICNamespace" $nmi.micNamespace) }}
{{- include "podid.flag" (list "--retry-attempts-for-created" $nmi.retryAttemptsForCreated) }}
{{- include "podid.flag" (list "--retry-attempts-for-assigned" $nmi.retryAttemptsForAssigned) }}
{{- include "podid.flag" (list "--find-identity-retry-interval" $nmi.findIdentityRetryIntervalInSeconds) }}
{{- include "podid.flag" (list "--prometheus-port" $nmi.prometheusPort) }}
{{- include "podid.switch" (list "--block-instance-metadata" $nmi.blockInstanceMetadata false) }}
{{- include "podid.switch" (list "--allow-network-plugin-kubenet" $nmi.allowNetworkPluginKubenet false) }}
{{- include "podid.switch" (list "--set-retry-after-header" $nmi.setRetryAfterHeader false) }}
{{- include "podid.switch" (list "--enable-conntrack-deletion" $nmi.enableConntrackDeletion true) }}
{{- include "podid.switch" (list "--imds-guard" $nmi.imdsGuard true) }}
{{- include "podid.switch" (list "--allow-cross-namespace-secrets" $nmi.allowCrossNamespaceSecrets false) }}
{{- include "podid.switch" (list "--token-cache" $nmi.tokenCache true) }}
{{- include "podid.flag" (list "--exception-namespaces" $nmi.exceptionNamespaces) }}
{{- include "podid.flag" (list "--allowed-ad-endpoints" $nmi.allowedADEndpoints) }}
{{- include "podid.flag" (list "--host-token-uids" $nmi.hostTokenUIDs) }}
{{- include "podid.flag" (list "--custom-user-agent" .Values.customUserAgent) }}
{{- end -}}
