{{/* How many pods there are, and what does not go together there. */}}

{{/* Fails unless the API requests what is to be used to a percentage: there is nothing to take that of otherwise. A limit is a
     request too. Takes a list of root, the resource and the value that wants it. */}}
{{- define "conversation.checkRequest" -}}
{{- $resources := (index . 0).Values.resources -}}
{{- $name := index . 1 -}}
{{- if not (or (hasKey (default dict $resources.requests) $name) (hasKey (default dict $resources.limits) $name)) -}}
{{- fail (printf "resources.requests.%s is needed: %s is a percentage of it" $name (index . 2)) -}}
{{- end -}}
{{- end -}}

{{- define "conversation.checkScaling" -}}
{{- $root := . -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- if and $budget.enabled (regexMatch "^0+%?$" (toString $budget.maxUnavailable)) -}}
{{- fail "podDisruptionBudget.maxUnavailable is 0, which blocks every drain of a node: let at least one pod be away, or set podDisruptionBudget.enabled to false" -}}
{{- end -}}
{{- if regexMatch "^0+%?$" (toString .Values.maxSurge) -}}
{{- fail "maxSurge is 0, with which no rollout could begin: no pod is taken away before its successor is ready" -}}
{{- end -}}
{{- $ready := int64 .Values.minReadySeconds -}}
{{- $deadline := int64 .Values.progressDeadlineSeconds -}}
{{- if ge $ready $deadline -}}
{{- fail (printf "minReadySeconds is %d, not shorter than progressDeadlineSeconds, which is %d: no rollout would be in time" $ready $deadline) -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- fail "autoscaling and keda exclude each other: set autoscaling.enabled or keda.enabled to false" -}}
{{- end -}}
{{- range list "autoscaling" "keda" -}}
{{- $scaling := index $root.Values . -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "%s.minReplicas is more than %s.maxReplicas" . .) -}}
{{- end -}}
{{- end -}}
{{- if .Values.autoscaling.enabled -}}{{- include "conversation.checkAutoscaling" . -}}{{- end -}}
{{- if .Values.keda.enabled -}}{{- include "conversation.checkKeda" . -}}{{- end -}}
{{- end -}}

{{- define "conversation.checkAutoscaling" -}}
{{- $root := . -}}
{{- $scaling := .Values.autoscaling -}}
{{- if not (or $scaling.targetCPUUtilizationPercentage $scaling.metrics) -}}
{{- fail "autoscaling has nothing to scale by: set targetCPUUtilizationPercentage or metrics" -}}
{{- end -}}
{{- if $scaling.targetCPUUtilizationPercentage -}}
{{- include "conversation.checkRequest" (list . "cpu" "autoscaling.targetCPUUtilizationPercentage") -}}
{{- end -}}
{{- range $scaling.metrics -}}
{{- $resource := default dict .resource -}}
{{- if and (eq (toString .type) "Resource") (eq (toString (default dict $resource.target).type) "Utilization") -}}
{{- include "conversation.checkRequest" (list $root $resource.name "autoscaling.metrics") -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "conversation.checkKeda" -}}
{{- $root := . -}}
{{- $keda := .Values.keda -}}
{{- if not $keda.triggers -}}
{{- fail "keda.triggers is empty: name at least one, or use autoscaling" -}}
{{- end -}}
{{- $awake := false -}}
{{- range $keda.triggers -}}
{{- if has .type (list "cpu" "memory") -}}
{{- if ne (toString .metricType) "AverageValue" -}}
{{- include "conversation.checkRequest" (list $root .type (printf "the trigger %s of keda.triggers" .type)) -}}
{{- end -}}
{{- else -}}
{{- $awake = true -}}
{{- end -}}
{{- end -}}
{{- if not (or (int $keda.minReplicas) $awake) -}}
{{- fail "keda.minReplicas is 0, from which the triggers cpu and memory never wake: no pod uses anything. Name another trigger, or at least one pod" -}}
{{- end -}}
{{- end -}}
