{{/* What the schema cannot say, or not so that one understands it. */}}

{{- define "conversation.checks" -}}
{{- $values := .Values -}}
{{- if not $values.image.registry -}}
{{- fail "image.registry is needed: push conversation-api and conversation-migrator to a registry of yours and name it, such as registry.example.com/voice" -}}
{{- end -}}
{{- if not $values.mongodb.existingSecret -}}
{{- fail "mongodb.existingSecret is needed: kubectl create secret generic conversations-mongodb --from-literal=uri='mongodb+srv://…', and name it" -}}
{{- end -}}
{{- if eq $values.migration.gate "operator" -}}
{{- if gt (len (include "conversation.fullname" .)) 40 -}}
{{- fail "fullnameOverride is needed: the operator takes names of at most 40 characters" -}}
{{- end -}}
{{- if $values.mongodb.tls.existingSecret -}}
{{- fail "mongodb.tls.existingSecret cannot be used by the operator, which mounts no certificates: choose another migration.gate" -}}
{{- end -}}
{{- end -}}
{{- $taken := include "conversation.takenNames" . | fromYamlArray -}}
{{- $seen := dict -}}
{{- range $values.extraEnv -}}
{{- if has .name $taken -}}
{{- fail (printf "extraEnv has %s, which the chart sets already: use settings, mongodb, redis or shutdown" .name) -}}
{{- end -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "extraEnv has %s twice" .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- if and $values.keda.enabled (not $values.keda.triggers) -}}
{{- fail "keda.triggers is empty: name at least one, or use autoscaling" -}}
{{- end -}}
{{- if and $values.autoscaling.enabled (not $values.autoscaling.targetCPUUtilizationPercentage) (not $values.autoscaling.metrics) -}}
{{- fail "autoscaling has nothing to scale by: set targetCPUUtilizationPercentage or metrics" -}}
{{- end -}}
{{- range list "autoscaling" "keda" -}}
{{- $scaling := index $values . -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}
{{- fail (printf "%s.minReplicas is more than %s.maxReplicas" . .) -}}
{{- end -}}
{{- end -}}
{{- if and $values.ingress.enabled (not $values.ingress.hosts) -}}
{{- fail "ingress.hosts is empty: name at least one host" -}}
{{- end -}}
{{- if and $values.gateway.enabled (not $values.gateway.parentRefs) -}}
{{- fail "gateway.parentRefs is empty: name the Gateway that the route belongs to" -}}
{{- end -}}
{{- if and $values.migration.declaration.zone.name (not $values.migration.declaration.zone.shards) -}}
{{- fail "migration.declaration.zone.shards is empty: name the shards of the zone" -}}
{{- end -}}
{{- end -}}
