{{/*
A Job that Helm runs at some moment, with an account and permissions that live no longer than it:
dict context, name, hook, script, env, rules, kind (Role or ClusterRole), volume (a ConfigMap or "").
*/}}
{{- define "podid.hook.meta" -}}
name: {{ .name }}
{{- if not .isGlobal }}
namespace: {{ .context.Release.Namespace }}
{{- end }}
labels:
  {{- include "podid.labels" .context | nindent 2 }}
  app.kubernetes.io/component: hook
annotations:
  helm.sh/hook: {{ .hook }}
  helm.sh/hook-weight: {{ .weight | quote }}
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- define "podid.hook" -}}
{{- $before := merge (dict "weight" "-5") . }}
{{- if include "podid.rbac" .context }}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "podid.hook.meta" $before | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  {{- include "podid.hook.meta" (merge (dict "isGlobal" (eq .kind "ClusterRole")) $before) | nindent 2 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  {{- include "podid.hook.meta" (merge (dict "isGlobal" (eq .kind "ClusterRole")) $before) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ .name }}
    namespace: {{ .context.Release.Namespace }}
---
{{- end }}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "podid.hook.meta" (merge (dict "weight" "0") .) | nindent 2 }}
spec:
  backoffLimit: 2
  activeDeadlineSeconds: 240
  # Helm deletes it when it is done; where Helm went away meanwhile, it goes by itself.
  ttlSecondsAfterFinished: 3600
  template:
    metadata:
      labels:
        {{- include "podid.selector" .context | nindent 8 }}
        app.kubernetes.io/component: hook
    spec:
      serviceAccountName: {{ ternary .name "default" (eq (include "podid.rbac" .context) "true") }}
      restartPolicy: Never
      {{- with .context.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
        - operator: Exists
      containers:
        - name: hook
          image: {{ include "podid.image" (list .context "nmi") | quote }}
          imagePullPolicy: {{ .context.Values.image.imagePullPolicy }}
          command: [node, --input-type=module, --eval]
          args:
            - |
              {{- $script := print (.context.Files.Get "files/kube.mjs") (.context.Files.Get (printf "files/%s.mjs" .script)) }}
              {{- regexReplaceAll "(?m)^ +$" ($script | trim | nindent 14) "" }}
          env:
            - name: NODE_EXTRA_CA_CERTS
              value: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
            {{- with .env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          resources:
            limits: { cpu: 200m, memory: 256Mi }
            requests: { cpu: 10m, memory: 64Mi }
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            runAsGroup: 65532
            capabilities:
              drop: [ALL]
            {{- include "podid.hardened" .context | nindent 12 }}
          {{- with .volume }}
          volumeMounts:
            - name: files
              mountPath: /crds
              readOnly: true
          {{- end }}
      {{- with .volume }}
      volumes:
        - name: files
          configMap:
            name: {{ . }}
      {{- end }}
{{- end -}}
