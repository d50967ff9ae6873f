{{/* The name of all objects. */}}
{{- define "hub.name" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{/* The labels that pods are selected by. There is one hub in a namespace: its lease has no other name. */}}
{{- define "hub.selector" -}}
app.kubernetes.io/name: commit-status-hub
{{- end -}}

{{/* The labels of all objects. */}}
{{- define "hub.labels" -}}
{{ include "hub.selector" . }}
app.kubernetes.io/part-of: commit-status-hub
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The hub's image. */}}
{{- define "hub.image" -}}
{{ .Values.image.repository }}
{{- if .Values.image.digest -}}
@{{ .Values.image.digest }}
{{- else -}}
:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* One flag. A number from a file is a float to Helm, which would print a million as 1e+06. */}}
{{- define "hub.flag" -}}
--{{ kebabcase .name }}={{ if kindIs "float64" .value }}{{ int64 .value }}{{ else }}{{ .value }}{{ end }}
{{- end -}}

{{/* The port of the fleet page; nothing where only the pod itself reaches it. */}}
{{- define "hub.webPort" -}}
{{- $address := .Values.web.bindAddress | default "0" -}}
{{- if not (regexMatch "^(0|localhost:.*|127\\..*|\\[::1\\]:.*)$" $address) -}}
{{ $address | splitList ":" | last }}
{{- end -}}
{{- end -}}

{{/* The account in a binding. */}}
{{- define "hub.subjects" -}}
subjects:
- kind: ServiceAccount
  name: {{ include "hub.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
