{{/* The environment of the API, each name once: server-side apply refuses a list that has one twice. */}}

{{/* The settings that the chart decides, as a dict. */}}
{{- define "conversation.ownSettings" -}}
MONGODB_DATABASE: {{ .Values.mongodb.database | quote }}
PORT: "3000"
MANAGEMENT_PORT: "9090"
LOG_FORMAT: json
DRAIN_DELAY: {{ printf "%ds" (int .Values.shutdown.drainDelaySeconds) }}
SHUTDOWN_TIMEOUT: {{ printf "%ds" (int .Values.shutdown.timeoutSeconds) }}
{{- end -}}

{{/* A value as a text; a large number without an exponent. */}}
{{- define "conversation.text" -}}
{{- kindIs "float64" . | ternary (printf "%.0f" (float64 .)) (toString .) -}}
{{- end -}}

{{/* Those and `settings`, which may choose another LOG_FORMAT; the schema keeps it from the rest. */}}
{{- define "conversation.settings" -}}
{{- $all := include "conversation.ownSettings" . | fromYaml -}}
{{- range $name, $value := .Values.settings -}}
{{- $_ := set $all $name (include "conversation.text" $value) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{- define "conversation.environment" -}}
{{- $mongodb := .Values.mongodb -}}
{{- include "conversation.connection" (dict "secret" $mongodb.existingSecret "key" $mongodb.uriKey "file" $mongodb.uriFile) }}
{{- with .Values.redis.existingSecret }}
{{ include "conversation.secretVariable" (dict "name" "REDIS_URL" "secret" . "key" $.Values.redis.urlKey) }}
{{- end }}
{{- range $name, $value := include "conversation.settings" . | fromYaml }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Fails for a Service with addresses that pods do not listen on. */}}
{{- define "conversation.checkHost" -}}
{{- $service := .Values.service -}}
{{- if ne (toString .Values.settings.HOST) "::" -}}
{{- if has "IPv6" $service.ipFamilies -}}
{{- fail "service.ipFamilies has IPv6, on which pods listen with settings.HOST \"::\" only" -}}
{{- end -}}
{{- if eq $service.ipFamilyPolicy "RequireDualStack" -}}
{{- fail "service.ipFamilyPolicy RequireDualStack is IPv6 too, on which pods listen with settings.HOST \"::\" only" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Every name that `extraEnv` may not have, as a list: all settings of the service, whether or not they are set. */}}
{{- define "conversation.takenNames" -}}
{{- append (.Files.Get "files/settings.yaml" | fromYaml | keys | sortAlpha) "REDIS_URL" | toYaml -}}
{{- end -}}
