{{/* What the pods of API, migrator and tests have in common. */}}

{{/* The restricted Pod Security Standard, which the images need no exception from. */}}
{{- define "conversation.podSecurity" -}}
{{- $fixed := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- merge $fixed (deepCopy .Values.podSecurityContext) | toYaml -}}
{{- end -}}

{{- define "conversation.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where pods run and what they pull images with. */}}
{{- define "conversation.scheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "conversation.tlsVolume" -}}
{{- with .Values.mongodb.tls.existingSecret -}}
- name: mongodb-tls
  secret:
    secretName: {{ . }}
    # The group of the pod reads it, nobody else.
    defaultMode: 0440
{{- end -}}
{{- end -}}

{{- define "conversation.tlsMount" -}}
{{- if .Values.mongodb.tls.existingSecret -}}
- name: mongodb-tls
  mountPath: {{ .Values.mongodb.tls.mountPath }}
  readOnly: true
{{- end -}}
{{- end -}}

{{/* One variable from a Secret. Takes a dict of name, secret and key. */}}
{{- define "conversation.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end -}}
