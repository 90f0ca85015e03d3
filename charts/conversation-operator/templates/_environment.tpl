{{/* The settings of the operator. */}}

{{- define "conversation-operator.environment" -}}
- name: POD_NAME
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: LEASE_NAMESPACE
  valueFrom:
    fieldRef: { fieldPath: metadata.namespace }
- name: LEASE_NAME
  value: {{ include "conversation-operator.fullname" . | quote }}
- name: LEASE_SECONDS
  value: {{ int .Values.leaseSeconds | quote }}
{{- with .Values.watchNamespace }}
- name: WATCH_NAMESPACE
  value: {{ . | quote }}
{{- end }}
{{- if ne .Values.listenAddress "0.0.0.0" }}
- name: HOST
  value: {{ .Values.listenAddress | quote }}
{{- end }}
- name: PORT
  value: "8080"
- name: LOG_FORMAT
  value: json
- name: LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
- name: CONCURRENCY
  value: {{ int .Values.concurrency | quote }}
- name: SHUTDOWN_SECONDS
  value: {{ int .Values.shutdownSeconds | quote }}
{{- end -}}
