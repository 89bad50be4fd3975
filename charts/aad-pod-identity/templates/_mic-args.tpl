{{/* The command line of MIC: what is given, in the original's order. */}}
{{- define "podid.mic.args" -}}
{{- $mic := .Values.mic -}}
{{- if not .Values.adminsecret }}
- {{ printf "--cloudconfig=%s" $mic.cloudConfig | quote }}
{{- end }}
- "--logtostderr"
{{- if ne (toString $mic.logVerbosity) "0" }}
{{- include "podid.flag" (list "-v" $mic.logVerbosity) }}
{{- end }}
{{- include "podid.flag" (list "--log-format" $mic.loggingFormat) }}
{{- with $mic.leaderElection }}
{{- include "podid.flag" (list "--leader-election-instance" .instance) }}
{{- include "podid.flag" (list "--leader-election-namespace" .namespace) }}
{{- include "podid.flag" (list "--leader-election-name" .name) }}
{{- include "podid.flag" (list "--leader-election-duration" .duration) }}
{{- end }}
{{- include "podid.switch" (list "--legacy-lock" $mic.legacyLock true) }}
{{- include "podid.flag" (list "--http-probe-port" $mic.probePort) }}
{{- include "podid.flag" (list "--syncRetryDuration" $mic.syncRetryDuration) }}
{{- include "podid.flag" (list "--immutable-user-msis" $mic.immutableUserMSIs) }}
{{- include "podid.flag" (list "--machine-scopes" $mic.machineScopes) }}
{{- include "podid.flag" (list "--createDeleteBatch" $mic.createDeleteBatch) }}
{{- include "podid.flag" (list "--clientQps" $mic.clientQps) }}
{{- include "podid.flag" (list "--prometheus-port" $mic.prometheusPort) }}
{{- include "podid.switch" (list "--enable-type-upgrade" $mic.enableTypeUpgrade true) }}
{{- include "podid.flag" (list "--update-user-msi-max-retry" $mic.updateUserMSIMaxRetry) }}
{{- include "podid.flag" (list "--update-user-msi-retry-interval" $mic.updateUserMSIRetryInterval) }}
{{- include "podid.flag" (list "--identity-assignment-reconcile-interval" $mic.identityAssignmentReconcileInterval) }}
{{- include "podid.flag" (list "--arm-api-version" $mic.armApiVersion) }}
{{- include "podid.flag" (list "--custom-user-agent" .Values.customUserAgent) }}
{{- end -}}
