{{/* The settings of the operator, with those too that have the default: a variable of extraEnvFrom would win over one that is not
     here. */}}

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
- name: WATCH_NAMESPACE
  value: {{ .Values.watchNamespace | quote }}
- name: HOST
  value: {{ .Values.listenAddress | quote }}
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
