{{/* How the API is reached. */}}

{{/* Fails for what the API server refuses without the value's name: addresses of more families than the policy takes, and what
     only some types of Service have. */}}
{{- define "conversation.checkService" -}}
{{- $service := .Values.service -}}
{{- if and (eq $service.ipFamilyPolicy "SingleStack") (gt (len $service.ipFamilies) 1) -}}
{{- fail "service.ipFamilies has two, of which service.ipFamilyPolicy SingleStack takes one: leave one out, or choose another policy" -}}
{{- end -}}
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
