{{/* What the schema cannot say, or not so that one understands it. */}}

{{/* Fails unless a registry is a host and a path. Takes a list of the value's name and the value. */}}
{{- define "conversation-operator.checkRegistry" -}}
{{- if not (regexMatch "^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\\[[0-9a-f:]+\\])(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$" (index . 1)) -}}
{{- fail (printf "%s is a host and a path in lower case, such as registry.example.com/voice: without a scheme such as https://, a tag, a user or a slash at the end" (index . 0)) -}}
{{- end -}}
{{- end -}}

{{/* Fails for the tag `latest` alone: nobody could tell what runs, nor take it back. Takes a list of the value's name, the
     tag and the digest. */}}
{{- define "conversation-operator.checkTag" -}}
{{- if and (eq (index . 1) "latest") (not (index . 2)) -}}
{{- fail (printf "%s is latest, which is another image tomorrow, so that neither a rollback nor the order of migration and pods holds: name a version, or a digest beside it" (index . 0)) -}}
{{- end -}}
{{- end -}}

{{/* Labels that the chart sets itself: pods are found by some of them. */}}
{{- define "conversation-operator.checkLabels" -}}
{{- $all := dict
      "commonLabels" .Values.commonLabels
      "podLabels" .Values.podLabels
      "serviceMonitor.labels" .Values.serviceMonitor.labels
      "prometheusRule.labels" .Values.prometheusRule.labels -}}
{{- range $value, $labels := $all -}}
{{- range $name, $_ := $labels -}}
{{- if regexMatch "^(app\\.kubernetes\\.io/(name|instance|component|version|part-of|managed-by)|helm\\.sh/chart)$" $name -}}
{{- fail (printf "%s has %s, which the chart sets itself: use another name" $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What is made from the names of release and chart, which may have what a Service's may not: dots, and an alias capitals. */}}
{{- define "conversation-operator.checkNames" -}}
{{- $name := include "conversation-operator.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "fullnameOverride is needed: %s, made from the names of release and chart, or its alias, can be no Service's name: that begins with a letter and has small letters, digits and hyphens alone" $name) -}}
{{- end -}}
{{- end -}}

{{/* A duration of Prometheus in milliseconds. */}}
{{- define "conversation-operator.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $total := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- /* Zeros before a number would make it octal. */}}
{{- $total = add $total (mul (regexFind "[1-9][0-9]*" . | int64) (get $units (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- $total -}}
{{- end -}}

{{/* Metrics and alerts that do not go together. */}}
{{- define "conversation-operator.checkMonitoring" -}}
{{- $monitor := .Values.serviceMonitor -}}
{{- if and $monitor.enabled (gt (include "conversation-operator.milliseconds" $monitor.scrapeTimeout | int64) (include "conversation-operator.milliseconds" $monitor.interval | int64)) -}}
{{- fail (printf "serviceMonitor.scrapeTimeout is %s, longer than serviceMonitor.interval, which is %s" $monitor.scrapeTimeout $monitor.interval) -}}
{{- end -}}
{{- if and .Values.prometheusRule.enabled (not $monitor.enabled) -}}
{{- fail "prometheusRule.enabled needs serviceMonitor.enabled: without the job that it makes, the alert that no pod answers would never end" -}}
{{- end -}}
{{- end -}}

{{- define "conversation-operator.checks" -}}
{{- if not (include "conversation-operator.registry" .) -}}
{{- fail "image.registry is needed: push conversation-operator to a registry of yours and name it, such as registry.example.com/voice" -}}
{{- end -}}
{{- include "conversation-operator.checkNames" . -}}
{{- include "conversation-operator.checkRegistry" (list (empty .Values.image.registry | ternary "global.imageRegistry" "image.registry") (include "conversation-operator.registry" .)) -}}
{{- include "conversation-operator.checkTag" (list "image.tag" .Values.image.tag .Values.image.digest) -}}
{{- include "conversation-operator.checkLabels" . -}}
{{- include "conversation-operator.checkMonitoring" . -}}
{{- include "conversation-operator.checkVolumes" . -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- if and $budget.enabled (regexMatch "^0+%?$" (toString $budget.maxUnavailable)) -}}
{{- fail "podDisruptionBudget.maxUnavailable is 0, which blocks every drain of a node: let at least one pod be away, or set podDisruptionBudget.enabled to false" -}}
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
