{{/* What the schema cannot say, or not so that one understands it. */}}

{{/* Fails unless a registry is a host and a path. Takes a list of the value's name and the value. */}}
{{- define "conversation.checkRegistry" -}}
{{- if not (regexMatch "^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\\[[0-9a-f:]+\\])(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$" (index . 1)) -}}
{{- fail (printf "%s is a host and a path in lower case, such as registry.example.com/voice: without a scheme such as https://, a tag, a user or a slash at the end" (index . 0)) -}}
{{- end -}}
{{- end -}}

{{/* Fails for the tag `latest` alone: nobody could tell what runs, nor take it back. Takes a list of the value's name, the
     tag and the digest. */}}
{{- define "conversation.checkTag" -}}
{{- if and (eq (index . 1) "latest") (not (index . 2)) -}}
{{- fail (printf "%s is latest, which is another image tomorrow, so that neither a rollback nor the order of migration and pods holds: name a version, or a digest beside it" (index . 0)) -}}
{{- end -}}
{{- end -}}

{{/* Fails unless a text matches, without repeating it: who puts a connection string or a password where a Secret is named is
     not to find it in the log of a pipeline. Takes a list of the value's name, the value, a pattern and what it is. */}}
{{- define "conversation.checkSecret" -}}
{{- if not (regexMatch (index . 2) (index . 1)) -}}
{{- fail (printf "%s is %s, and what it has now is none. It is not repeated here, since it may be a credential: keep that in a Secret" (index . 0) (index . 3)) -}}
{{- end -}}
{{- end -}}

{{/* Names of Secrets and of their keys, and what else a connection string may be put into by mistake. */}}
{{- define "conversation.checkSecrets" -}}
{{- $names := dict
      "mongodb.existingSecret" .Values.mongodb.existingSecret
      "mongodb.tls.existingSecret" .Values.mongodb.tls.existingSecret
      "redis.existingSecret" .Values.redis.existingSecret
      "migration.mongodb.existingSecret" .Values.migration.mongodb.existingSecret -}}
{{- range $at, $secret := .Values.imagePullSecrets -}}
{{- $_ := set $names (printf "imagePullSecrets[%d].name" $at) $secret.name -}}
{{- end -}}
{{- range $at, $source := .Values.extraEnvFrom -}}
{{- with $source.secretRef -}}{{- $_ := set $names (printf "extraEnvFrom[%d].secretRef.name" $at) .name -}}{{- end -}}
{{- end -}}
{{- range $name, $value := $names -}}
{{- include "conversation.checkSecret" (list $name $value `^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$` "the name of a Secret") -}}
{{- end -}}
{{- $keys := dict
      "mongodb.uriKey" .Values.mongodb.uriKey
      "redis.urlKey" .Values.redis.urlKey
      "migration.mongodb.uriKey" .Values.migration.mongodb.uriKey -}}
{{- range $name, $value := $keys -}}
{{- include "conversation.checkSecret" (list $name $value `^[-._a-zA-Z0-9]{0,253}$` "a key of a Secret") -}}
{{- end -}}
{{- include "conversation.checkSecret" (list "mongodb.database" .Values.mongodb.database `^[^/\\. "$*<>:|?]+$` "the name of a database") -}}
{{- end -}}

{{/* Where images are, and which. */}}
{{- define "conversation.checkImages" -}}
{{- $image := .Values.image -}}
{{- $migrator := .Values.migration.image -}}
{{- include "conversation.checkRegistry" (list (empty .Values.image.registry | ternary "global.imageRegistry" "image.registry") (include "conversation.registry" .)) -}}
{{- with $migrator.registry -}}
{{- include "conversation.checkRegistry" (list "migration.image.registry" .) -}}
{{- end -}}
{{- include "conversation.checkTag" (list "image.tag" $image.tag $image.digest) -}}
{{- include "conversation.checkTag" (list "migration.image.tag" $migrator.tag $migrator.digest) -}}
{{- if and (eq $image.tag "latest") (not $migrator.tag) (not $migrator.digest) -}}
{{- fail "migration.image.tag is that of image.tag, which is latest: name a version or a digest of the migrator too" -}}
{{- end -}}
{{- if and $image.digest (not $image.tag) (not $migrator.tag) (not $migrator.digest) -}}
{{- fail "migration.image.digest is needed: image.digest alone does not tell which migrator belongs to it. Set that, migration.image.tag or image.tag" -}}
{{- end -}}
{{- with .Values.helmTest.curlImage -}}
{{- if or (hasSuffix ":latest" .) (not (regexMatch "(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$" .)) -}}
{{- fail "helmTest.curlImage has neither a version as its tag nor a digest, such as registry.example.com/mirror/curl:8.16.0" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that the chart sets itself: pods are found by some of them. */}}
{{- define "conversation.checkLabels" -}}
{{- $all := dict
      "commonLabels" .Values.commonLabels
      "podLabels" .Values.podLabels
      "migration.podLabels" .Values.migration.podLabels
      "service.labels" .Values.service.labels
      "service.management.labels" .Values.service.management.labels
      "serviceMonitor.labels" .Values.serviceMonitor.labels
      "prometheusRule.labels" .Values.prometheusRule.labels
      "dashboards.labels" .Values.dashboards.labels -}}
{{- range $value, $labels := $all -}}
{{- range $name, $_ := $labels -}}
{{- if regexMatch "^(app\\.kubernetes\\.io/(name|instance|component|version|part-of|managed-by)|helm\\.sh/chart)$" $name -}}
{{- fail (printf "%s has %s, which the chart sets itself: use another name" $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What is made from the names of release and chart, which may have what a Service's may not: dots, and an alias capitals. */}}
{{- define "conversation.checkNames" -}}
{{- $name := include "conversation.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "fullnameOverride is needed: %s, made from the names of release and chart, or its alias, can be no Service's name: that begins with a letter and has small letters, digits and hyphens alone" $name) -}}
{{- end -}}
{{- if and (eq .Values.migration.gate "operator") (gt (len $name) 40) -}}
{{- fail "fullnameOverride is needed: the operator takes names of at most 40 characters" -}}
{{- end -}}
{{- end -}}

{{- define "conversation.checks" -}}
{{- $values := .Values -}}
{{- if not (include "conversation.registry" .) -}}
{{- fail "image.registry is needed: push conversation-api and conversation-migrator to a registry of yours and name it, such as registry.example.com/voice" -}}
{{- end -}}
{{- include "conversation.checkNames" . -}}
{{- include "conversation.checkImages" . -}}
{{- include "conversation.checkConnection" . -}}
{{- include "conversation.checkSecrets" . -}}
{{- include "conversation.checkPod" . -}}
{{- include "conversation.checkScaling" . -}}
{{- include "conversation.checkSettings" . -}}
{{- include "conversation.checkVolumes" (dict
      "volumes" "extraVolumes" "given" .Values.extraVolumes "own" (include "conversation.tlsVolume" . | fromYamlArray)
      "mounts" "extraVolumeMounts" "mounted" .Values.extraVolumeMounts "ownMounts" (include "conversation.tlsMount" . | fromYamlArray)) -}}
{{- include "conversation.checkMonitoring" . -}}
{{- include "conversation.checkLabels" . -}}
{{- include "conversation.checkGate" . -}}
{{- include "conversation.checkHost" . -}}
{{- include "conversation.checkService" . -}}
{{- include "conversation.checkMigrator" . -}}
{{- $taken := include "conversation.takenNames" . | fromYamlArray -}}
{{- $seen := dict -}}
{{- range $values.extraEnv -}}
{{- if has .name $taken -}}
{{- $instead := has .name (list "AUTO_MIGRATE" "DATA_DIR" "MANAGEMENT_PORT" "PORT") | ternary "the chart decides it, so leave it out" "use settings, mongodb, redis or shutdown" -}}
{{- fail (printf "extraEnv has %s, which is a setting of the service: %s" .name $instead) -}}
{{- end -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "extraEnv has %s twice" .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
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
{{- if and $values.migration.declaration.zone.shards (not $values.migration.declaration.zone.name) -}}
{{- fail "migration.declaration.zone.name is empty: name the zone of the shards" -}}
{{- end -}}
{{- end -}}
