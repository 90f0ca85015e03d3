{{/* The migrator as a container, for the gates `job`, `hook` and `init` and for `helm test`. */}}

{{/* The additions to what the release declares, as JSON; nothing when there are none. */}}
{{- define "conversation.declaration" -}}
{{- $values := .Values.migration.declaration -}}
{{- $all := dict -}}
{{- with int $values.retentionDays -}}{{- $_ := set $all "retention" (dict "days" .) -}}{{- end -}}
{{- with $values.indexes -}}{{- $_ := set $all "indexes" . -}}{{- end -}}
{{- if $values.zone.name -}}{{- $_ := set $all "zone" $values.zone -}}{{- end -}}
{{- with int $values.chunksPerShard -}}{{- $_ := set $all "chunksPerShard" . -}}{{- end -}}
{{- with $values.allowDrop -}}{{- $_ := set $all "allowDrop" . -}}{{- end -}}
{{- if $values.ignoreIndexUse -}}{{- $_ := set $all "ignoreIndexUse" true -}}{{- end -}}
{{- with $all -}}{{- toJson . -}}{{- end -}}
{{- end -}}

{{/* A container that applies the schema. What was changed by hand is no failure of it, nor is a schema that is newer, as
     after a rollback. */}}
{{- define "conversation.applyContainer" -}}
{{- $values := .Values.migration -}}
{{- $args := list "apply" "--yes" "--wait" (toString (int $values.waitSeconds)) "--timeout" (toString (int $values.timeoutSeconds)) -}}
{{- $args = concat $args (list "--exit-zero-on" "drift,newer" "--summary" "/dev/termination-log") -}}
{{- with $values.approve -}}{{- $args = concat $args (list "--expect" .) -}}{{- end -}}
{{- include "conversation.migratorContainer" (dict "root" . "name" "migrate" "args" $args) -}}
{{- end -}}

{{/* Takes a dict of root, name and args. */}}
{{- define "conversation.migratorContainer" -}}
{{- $secret := include "conversation.migratorSecret" .root | fromYaml -}}
{{- $image := include "conversation.migratorImageParts" .root | fromYaml -}}
- name: {{ .name }}
  image: {{ include "conversation.migratorImage" .root | quote }}
  imagePullPolicy: {{ $image.pullPolicy }}
  args:
    {{- toYaml .args | nindent 4 }}
  env:
    {{- include "conversation.connection" $secret | nindent 4 }}
    - name: MONGODB_DATABASE
      value: {{ .root.Values.mongodb.database | quote }}
    {{- with include "conversation.declaration" .root }}
    - name: SCHEMA_DECLARATION
      value: {{ . | quote }}
    {{- end }}
    {{- with .root.Values.migration.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  resources:
    {{- toYaml .root.Values.migration.resources | nindent 4 }}
  securityContext:
    {{- include "conversation.containerSecurity" . | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  {{- with concat (include "conversation.tlsMount" .root | fromYamlArray) .root.Values.migration.extraVolumeMounts }}
  volumeMounts:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The Job of the gates `job` and `hook`. Takes a dict of root and serviceAccountName. */}}
{{- define "conversation.jobSpec" -}}
{{- $root := .root -}}
backoffLimit: {{ int $root.Values.migration.backoffLimit }}
podFailurePolicy:
  rules:
    # A person must decide first, or its arguments cannot be used: running again changes nothing.
    - action: FailJob
      onExitCodes: { operator: In, values: [4, 64] }
    # A drained node is nobody's failure.
    - action: Ignore
      onPodConditions:
        - { type: DisruptionTarget, status: "True" }
template:
  metadata:
    labels:
      {{- include "conversation.podLabels" (dict "root" $root "component" "migrator" "labels" $root.Values.migration.podLabels) | nindent 6 }}
    {{- with $root.Values.migration.podAnnotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    restartPolicy: Never
    # Of each run and not of the Job, whose own would cut its repeats short and take the pod away with what it said. The
    # migrator ends by itself a little earlier and says where it got; this is for one that cannot.
    activeDeadlineSeconds: {{ add $root.Values.migration.waitSeconds $root.Values.migration.timeoutSeconds 60 }}
    serviceAccountName: {{ .serviceAccountName | quote }}
    automountServiceAccountToken: {{ $root.Values.serviceAccount.automountToken }}
    enableServiceLinks: false
    {{- with include "conversation.scheduling" $root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    securityContext:
      {{- include "conversation.podSecurity" $root | nindent 6 }}
    containers:
      {{- include "conversation.applyContainer" $root | nindent 6 }}
    {{- with include "conversation.migratorVolumes" $root | fromYamlArray }}
    volumes:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end -}}

{{/* Which volumes of the user's the migrator may mount, by the value's name: with the gate `init` those of the API's pods. */}}
{{- define "conversation.migratorGiven" -}}
{{- if eq .Values.migration.gate "init" -}}
{{- dict "volumes" "extraVolumes" "given" .Values.extraVolumes | toYaml -}}
{{- else -}}
{{- dict "volumes" "migration.extraVolumes" "given" .Values.migration.extraVolumes | toYaml -}}
{{- end -}}
{{- end -}}

{{- define "conversation.migratorVolumes" -}}
{{- concat (include "conversation.tlsVolume" . | fromYamlArray) (include "conversation.migratorGiven" . | fromYaml).given | toYaml -}}
{{- end -}}

{{- define "conversation.checkMigrator" -}}
{{- $taken := list "MONGODB_URI" "MONGODB_URI_FILE" "MONGODB_DATABASE" "SCHEMA_DECLARATION" -}}
{{- range .Values.migration.extraEnv -}}
{{- if has .name $taken -}}
{{- fail (printf "migration.extraEnv has %s, which the chart sets already or has already" .name) -}}
{{- end -}}
{{- $taken = append $taken .name -}}
{{- end -}}
{{- $own := dict "own" (include "conversation.tlsVolume" . | fromYamlArray) "ownMounts" (include "conversation.tlsMount" . | fromYamlArray) -}}
{{- $mounted := dict "mounts" "migration.extraVolumeMounts" "mounted" .Values.migration.extraVolumeMounts -}}
{{- include "conversation.checkVolumes" (merge (include "conversation.migratorGiven" . | fromYaml) $mounted $own) -}}
{{- end -}}
