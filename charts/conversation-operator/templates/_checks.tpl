{{/* What the schema cannot say, or not so that one understands it. */}}

{{- define "conversation-operator.checks" -}}
{{- if not .Values.image.registry -}}
{{- fail "image.registry is needed: push conversation-operator to a registry of yours and name it, such as registry.example.com/voice" -}}
{{- end -}}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.name is needed when serviceAccount.create is false: the account default would give its rights to every pod of the namespace" -}}
{{- end -}}
{{- $taken := list -}}
{{- range include "conversation-operator.environment" . | fromYamlArray -}}
{{- $taken = append $taken .name -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if has .name $taken -}}
{{- fail (printf "extraEnv has %s, which the chart sets already or has already" .name) -}}
{{- end -}}
{{- $taken = append $taken .name -}}
{{- end -}}
{{- end -}}
