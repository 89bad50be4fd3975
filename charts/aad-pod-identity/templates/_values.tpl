{{/* "true" or "", of a value that may be a boolean or a string, and its default: (list VALUE DEFAULT). */}}
{{- define "podid.yes" -}}
{{- $value := index . 0 -}}
{{- if or (kindIs "invalid" $value) (eq (toString $value) "") }}{{ $value = index . 1 }}{{ end -}}
{{- if eq (toString $value) "true" }}true{{ end -}}
{{- end -}}

{{- define "podid.rbac" -}}{{ include "podid.yes" (list .Values.rbac.enabled true) }}{{- end -}}
{{- define "podid.standard" -}}{{ if ne .Values.operationMode "managed" }}true{{ end }}{{- end -}}
{{- define "podid.namespaced" -}}{{ include "podid.yes" (list .Values.forceNamespaced false) | default "false" }}{{- end -}}

{{/* (list CONTEXT "mic"|"nmi") */}}
{{- define "podid.image" -}}
{{- $context := index . 0 -}}
{{- $values := index $context.Values (index . 1) -}}
{{- $tag := toString ($values.tag | default (printf "v%s" $context.Chart.AppVersion)) -}}
{{- printf "%s/%s%s%s" $context.Values.image.repository $values.image (hasPrefix "sha256:" $tag | ternary "@" ":") $tag -}}
{{- end -}}

{{/* A value as people write it: (list VALUE). */}}
{{- define "podid.text" -}}
{{- $value := index . 0 -}}
{{- if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ $value = int64 $value }}{{ end -}}
{{- if not (kindIs "invalid" $value) }}{{ toString $value }}{{ end -}}
{{- end -}}

{{/* A flag where its value is given: (list "--flag" VALUE). Numbers keep their digits. */}}
{{- define "podid.flag" -}}
{{- $value := index . 1 -}}
{{- $texts := list -}}
{{- range kindIs "slice" $value | ternary $value (list $value) }}{{ $texts = append $texts (include "podid.text" (list .)) }}{{ end -}}
{{- with join "," $texts }}
- {{ printf "%s=%s" (index $ 0) . | quote }}
{{- end -}}
{{- end -}}

{{/* A switch, where it is not the program's own default: (list "--flag" VALUE DEFAULT). */}}
{{- define "podid.switch" -}}
{{- $yes := include "podid.yes" (list (index . 1) (index . 2)) | default "false" -}}
{{- if ne $yes (toString (index . 2)) }}
- {{ printf "%s=%s" (index . 0) $yes | quote }}
{{- end -}}
{{- end -}}

{{/* Whether the API server judges objects by ValidatingAdmissionPolicies. */}}
{{- define "podid.admission" -}}
{{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}true{{ end -}}
{{- end -}}

{{- define "podid.psp" -}}
{{- $asked := include "podid.yes" (list .Values.rbac.pspEnabled false) -}}
{{- if and $asked (semverCompare "<1.25-0" .Capabilities.KubeVersion.Version) }}true{{ end -}}
{{- end -}}

{{- define "podid.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
{{- if semverCompare ">=1.19-0" .Capabilities.KubeVersion.Version }}
seccompProfile:
  type: RuntimeDefault
{{- end }}
{{- end -}}
