{{/* What each migration gate has a use for: a value that it cannot honour is refused, rather than dropped without a word. */}}

{{- define "conversation.checkGate" -}}
{{- $gate := .Values.migration.gate -}}
{{- /* As in values.yaml, which the charts' tests render with every gate. */ -}}
{{- $defaults := dict
      "approve" ""
      "timeoutSeconds" 3600
      "waitSeconds" 300
      "backoffLimit" 6
      "rerun" ""
      "policy" "Automatic"
      "verifyEverySeconds" 3600
      "podAnnotations" dict
      "podLabels" dict
      "extraEnv" list
      "extraVolumes" list
      "extraVolumeMounts" list -}}
{{- $ignored := dict
      "job" (list "policy" "verifyEverySeconds")
      "hook" (list "policy" "verifyEverySeconds")
      "init" (list "backoffLimit" "rerun" "policy" "verifyEverySeconds" "podAnnotations" "podLabels" "extraVolumes")
      "operator" (list "waitSeconds" "backoffLimit" "rerun" "extraEnv" "extraVolumes" "extraVolumeMounts")
      "none" (list "approve" "timeoutSeconds" "waitSeconds" "backoffLimit" "rerun" "policy" "verifyEverySeconds" "podLabels") -}}
{{- range $name := index $ignored $gate -}}
{{- if ne (toJson (index $.Values.migration $name)) (toJson (index $defaults $name)) -}}
{{- $honouring := list -}}
{{- range list "job" "hook" "init" "operator" "none" -}}
{{- if not (has $name (index $ignored .)) -}}{{- $honouring = append $honouring . -}}{{- end -}}
{{- end -}}
{{- /* With `init` the migrator has what the API's pods have by the value of the same name. */ -}}
{{- $remedy := and (eq $gate "init") (hasKey $.Values $name) | ternary (printf "use %s" $name) "leave it out" -}}
{{- fail (printf "migration.%s has an effect with migration.gate %s only, and not with %s: %s" $name (join " or " $honouring) $gate $remedy) -}}
{{- end -}}
{{- end -}}
{{- if eq $gate "operator" -}}{{- include "conversation.checkOperator" . -}}{{- end -}}
{{- end -}}

{{/* What the operator's pods of the migrator cannot have. */}}
{{- define "conversation.checkOperator" -}}
{{- if and .Values.migration.approve (eq .Values.migration.policy "Observe") -}}
{{- fail "migration.approve has no effect with migration.policy Observe, which applies no plan: leave it out, or choose Approve or Automatic" -}}
{{- end -}}
{{- range .Values.tolerations -}}
{{- if has .operator (list "Lt" "Gt") -}}
{{- fail (printf "tolerations has the operator %s, which migration.gate operator does not know: use Equal or Exists, or another gate" .operator) -}}
{{- end -}}
{{- end -}}
{{- $who := pick (include "conversation.users" . | fromYaml) "runAsUser" "runAsGroup" "fsGroup" -}}
{{- if not (has (toJson $who) (list "{}" (toJson (dict "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532)))) -}}
{{- fail "podSecurityContext is of API and migrator alike, and the operator's pods of the migrator can have no other users than 65532 or the platform's: leave it out, set podSecurityContext.platformAssignsUsers, or choose another migration.gate" -}}
{{- end -}}
{{- $other := dict "serviceAccount.automountToken" .Values.serviceAccount.automountToken -}}
{{- range list "runtimeClassName" "schedulerName" "hostAliases" "dnsPolicy" "dnsConfig" -}}
{{- $_ := set $other . (index $.Values .) -}}
{{- end -}}
{{- range $name, $_ := omit .Values.podSecurityContext "platformAssignsUsers" "runAsUser" "runAsGroup" "fsGroup" -}}
{{- $_ := set $other (printf "podSecurityContext.%s" $name) true -}}
{{- end -}}
{{- range $name, $value := $other -}}
{{- if $value -}}
{{- fail (printf "%s is of API and migrator alike, and the operator's pods of the migrator cannot have it: leave it out, or choose another migration.gate" $name) -}}
{{- end -}}
{{- end -}}
{{- range $value, $labels := dict "commonLabels" .Values.commonLabels "migration.podLabels" .Values.migration.podLabels -}}
{{- range $name, $_ := $labels -}}
{{- if or (hasPrefix "app.kubernetes.io/" $name) (hasPrefix "conversation.dev/" $name) -}}
{{- fail (printf "%s has %s, which begins as the operator's own labels do: use another name" $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
