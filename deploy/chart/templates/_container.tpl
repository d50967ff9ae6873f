{{/* The container of the hub, but its name. */}}
{{- define "hub.container" -}}
image: {{ include "hub.image" . }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
args:
- run
{{- range $name, $value := .Values.hub }}
{{- if not (kindIs "invalid" $value) }}
- {{ include "hub.flag" (dict "name" $name "value" $value) | quote }}
{{- end }}
{{- end }}
{{- with .Values.web.bindAddress }}
- {{ printf "--web-bind-address=%s" . | quote }}
{{- end }}
env:
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- /* Go's soft limit is 95 % of the container's: so many MiB, each taken as a million bytes. */}}
- name: MEMORY_LIMIT_MIB
  valueFrom:
    resourceFieldRef:
      containerName: hub
      resource: limits.memory
      divisor: 1Mi
- name: GOMEMLIMIT
  value: $(MEMORY_LIMIT_MIB)000000
{{- with .Values.extraEnv }}
{{- toYaml . | nindent 0 }}
{{- end }}
ports:
- name: metrics
  containerPort: 8443
- name: probes
  containerPort: 8081
{{- with include "hub.webPort" . }}
- name: web
  containerPort: {{ . }}
{{- end }}
livenessProbe:
  httpGet:
    path: /healthz
    port: probes
readinessProbe:
  httpGet:
    path: /readyz
    port: probes
  periodSeconds: 5
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}
