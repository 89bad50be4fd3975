{{/* Holds values against files/values.json: a refusal names the value and what it may be. What is
not there at all, as with values of another chart that Helm reuses, is no mistake. */}}
{{- define "podid.allowed" -}}
{{- $rules := .Files.Get "files/values.json" | fromJson -}}
{{- $found := dict -}}
{{- range $at, $names := $rules.names -}}
{{- include "podid.find" (dict "root" $.Values "at" $at "found" $found) -}}
{{- if kindIs "map" $found.value -}}
{{- $own := eq $at "" | ternary (omit $found.value "global") $found.value -}}
{{- include "podid.known" (dict "at" $at "map" $own "names" $names) -}}
{{- end -}}
{{- end -}}
{{- range $at, $rule := $rules.forms -}}
{{- include "podid.find" (dict "root" $.Values "at" $at "found" $found) -}}
{{- range kindIs "slice" $found.value | ternary $found.value (list $found.value) -}}
{{- if not (kindIs "invalid" .) -}}
{{- include "podid.matches" (dict "at" $at "value" . "form" $rule.form "allowed" $rule.allowed) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Sets found.value to what root has by a name with dots, or to nothing. */}}
{{- define "podid.find" -}}
{{- $value := .root -}}
{{- range splitList "." .at -}}
{{- if . }}{{ $value = index (kindIs "map" $value | ternary $value dict) . }}{{ end -}}
{{- end -}}
{{- $_ := set .found "value" $value -}}
{{- end -}}

{{/* Refuses what is not of a form: dict at, value, form, allowed. */}}
{{- define "podid.matches" -}}
{{- $text := include "podid.text" (list .value) -}}
{{- if not (regexMatch .form $text) -}}
{{- fail (printf "%s is %q, and may be: %s" .at $text .allowed) -}}
{{- end -}}
{{- end -}}

{{/* Refuses names that nobody knows: dict at, map, names. */}}
{{- define "podid.known" -}}
{{- range $name := keys .map | sortAlpha -}}
{{- if not (has $name $.names) -}}
{{- $shown := printf "%s.%s" $.at $name | trimPrefix "." -}}
{{- range $.names -}}
{{- if eq (lower .) (lower $name) }}{{ fail (printf "%s is unknown: write %s" $shown .) }}{{ end -}}
{{- end -}}
{{- fail (printf "%s is unknown: known are %s" $shown (join ", " $.names)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
