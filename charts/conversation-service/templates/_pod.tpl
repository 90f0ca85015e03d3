{{/* What the pods of API, migrator and tests have in common. */}}

{{/* The restricted Pod Security Standard, which the images need no exception from. */}}
{{- define "conversation.podSecurity" -}}
{{- $fixed := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- merge $fixed (include "conversation.users" . | fromYaml) | toYaml -}}
{{- end -}}

{{/* Who the pods are, as a dict: nobody in particular where the platform assigns users. */}}
{{- define "conversation.users" -}}
{{- $who := omit .Values.podSecurityContext "platformAssignsUsers" -}}
{{- if .Values.podSecurityContext.platformAssignsUsers -}}{{- $who = omit $who "runAsUser" "runAsGroup" "fsGroup" -}}{{- end -}}
{{- toYaml $who -}}
{{- end -}}

{{- define "conversation.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where pods run, what they pull images with and whom they ask for names. */}}
{{- define "conversation.scheduling" -}}
{{- with include "conversation.pullSecrets" . | fromYamlArray }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $names := list "priorityClassName" "nodeSelector" "tolerations" "affinity" "runtimeClassName" "schedulerName" "hostAliases" "dnsPolicy" "dnsConfig" }}
{{ include "conversation.fields" (list .Values $names) }}
{{- end -}}

{{/* Those of some values that are not empty, as fields of the same names. Takes a list of the values and of the names. */}}
{{- define "conversation.fields" -}}
{{- $values := index . 0 -}}
{{- $fields := dict -}}
{{- range $name := index . 1 -}}
{{- with index $values $name -}}{{- $_ := set $fields $name . -}}{{- end -}}
{{- end -}}
{{- with $fields -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{- define "conversation.tlsVolume" -}}
{{- with .Values.mongodb.tls.existingSecret -}}
- name: mongodb-tls
  secret:
    secretName: {{ . | quote }}
    # The group of the pod reads it, nobody else: 0440, which not every reader of YAML takes for octal.
    defaultMode: 288
{{- end -}}
{{- end -}}

{{- define "conversation.tlsMount" -}}
{{- if .Values.mongodb.tls.existingSecret -}}
- name: mongodb-tls
  mountPath: {{ .Values.mongodb.tls.mountPath | quote }}
  readOnly: true
{{- end -}}
{{- end -}}

{{/* One variable from a Secret. Takes a dict of name, secret and key. */}}
{{- define "conversation.secretVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | quote }}
      key: {{ .key | quote }}
{{- end -}}

{{/* What the API server refuses without the value's name. */}}
{{- define "conversation.checkPod" -}}
{{- if and (eq .Values.dnsPolicy "None") (not .Values.dnsConfig.nameservers) -}}
{{- fail "dnsConfig.nameservers is empty: with dnsPolicy None, name whom pods ask" -}}
{{- end -}}
{{- range .Values.topologySpread -}}
{{- if and .minDomains (ne .whenUnsatisfiable "DoNotSchedule") -}}
{{- fail (printf "topologySpread has minDomains for %s, which is for whenUnsatisfiable DoNotSchedule, and not for %s: leave it out" .topologyKey .whenUnsatisfiable) -}}
{{- end -}}
{{- end -}}
{{- $taken := eq .Values.migration.gate "init" | ternary (list "api" "migrate") (list "api") -}}
{{- range $value := list "initContainers" "extraContainers" -}}
{{- range index $.Values $value -}}
{{- if has .name $taken -}}
{{- fail (printf "%s has %s, which is there already, by the chart or by another one: use another name" $value .name) -}}
{{- end -}}
{{- $taken = append $taken .name -}}
{{- end -}}
{{- end -}}
{{- end -}}
