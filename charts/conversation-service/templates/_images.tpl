{{/* Which image runs. */}}

{{/* Takes a dict of registry, repository, tag and digest. A digest keeps its tag beside it, for readers. */}}
{{- define "conversation.reference" -}}
{{- $tag := empty .tag | ternary "" (printf ":%s" .tag) -}}
{{- $digest := empty .digest | ternary "" (printf "@%s" .digest) -}}
{{- printf "%s/%s%s%s" .registry .repository $tag $digest -}}
{{- end -}}

{{/* The tag that was chosen, else the chart's version of the service; nothing beside a digest, of which it may not be true.
     Takes a list of root, the digest and the tags that may have been chosen. */}}
{{- define "conversation.tag" -}}
{{- $root := index . 0 -}}
{{- $digest := index . 1 -}}
{{- coalesce (index . 2) (index . 3) (empty $digest | ternary $root.Chart.AppVersion "") | default "" -}}
{{- end -}}

{{/* Where images are: the chart's own value wins over that of a parent chart. */}}
{{- define "conversation.registry" -}}
{{- coalesce .Values.image.registry .Values.global.imageRegistry | default "" -}}
{{- end -}}

{{/* What they are pulled with, as a list; a parent chart may name Secrets by texts. */}}
{{- define "conversation.pullSecrets" -}}
{{- $secrets := list -}}
{{- range coalesce .Values.imagePullSecrets .Values.global.imagePullSecrets list -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) -}}
{{- end -}}
{{- toYaml $secrets -}}
{{- end -}}

{{- define "conversation.apiImage" -}}
{{- $image := .Values.image -}}
{{- $tag := include "conversation.tag" (list . $image.digest $image.tag "") -}}
{{- include "conversation.reference" (dict "registry" (include "conversation.registry" .) "repository" $image.repository "tag" $tag "digest" $image.digest) -}}
{{- end -}}

{{/* The parts of the migrator's image with their defaults, as a dict. */}}
{{- define "conversation.migratorImageParts" -}}
{{- $api := .Values.image -}}
{{- $own := .Values.migration.image -}}
registry: {{ default (include "conversation.registry" .) $own.registry | quote }}
repository: {{ $own.repository | quote }}
tag: {{ include "conversation.tag" (list . $own.digest $own.tag (empty $own.digest | ternary $api.tag "")) | quote }}
digest: {{ $own.digest | quote }}
pullPolicy: {{ default $api.pullPolicy $own.pullPolicy }}
{{- end -}}

{{- define "conversation.migratorImage" -}}
{{- include "conversation.reference" (include "conversation.migratorImageParts" . | fromYaml) -}}
{{- end -}}
