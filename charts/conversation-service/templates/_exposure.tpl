{{/* How the API is reached. */}}

{{/* Fails for what only some types of Service have, which the API server refuses without the value's name. */}}
{{- define "conversation.checkService" -}}
{{- $service := .Values.service -}}
{{- $of := dict
      "nodePort" (list "NodePort" "LoadBalancer")
      "externalTrafficPolicy" (list "NodePort" "LoadBalancer")
      "loadBalancerClass" (list "LoadBalancer")
      "loadBalancerSourceRanges" (list "LoadBalancer") -}}
{{- range $name, $types := $of -}}
{{- $value := index $service $name -}}
{{- if and $value (ne (toString $value) "0") (not (has $service.type $types)) -}}
{{- fail (printf "service.%s is for service.type %s, and not for %s: leave it out" $name (join " or " $types) $service.type) -}}
{{- end -}}
{{- end -}}
{{- end -}}
