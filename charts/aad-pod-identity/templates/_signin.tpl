{{/* How MIC signs in to Azure with adminsecret: variable, key of the Secret, value of the chart. */}}
{{- define "podid.mic.signin.keys" -}}
- [CLOUD, Cloud, cloud]
- [SUBSCRIPTION_ID, SubscriptionID, subscriptionID]
- [RESOURCE_GROUP, ResourceGroup, resourceGroup]
- [VM_TYPE, VMType, vmType]
- [TENANT_ID, TenantID, tenantID]
- [CLIENT_ID, ClientID, clientID]
- [CLIENT_SECRET, ClientSecret, clientSecret]
{{- if include "podid.yes" (list (dig "useMSI" false .) false) }}
- [USE_MSI, UseMSI, useMSI]
{{- if .userAssignedMSIClientID }}
- [USER_ASSIGNED_MSI_CLIENT_ID, UserAssignedMSIClientID, userAssignedMSIClientID]
{{- end }}
{{- end }}
{{- end -}}

{{- define "podid.mic.signin" -}}
{{- if .Values.adminsecret }}
{{- range include "podid.mic.signin.keys" .Values.adminsecret | fromYamlArray }}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ include "podid.mic" $ }}
      key: {{ index . 1 }}
{{- end }}
{{- end }}
{{- end -}}
