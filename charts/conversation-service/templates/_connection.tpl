{{/* The connection string of MongoDB: a key of a Secret, or a file. */}}

{{/* The variable that leads to it. Takes a dict of secret, key and file. */}}
{{- define "conversation.connection" -}}
{{- if .secret -}}
{{- include "conversation.secretVariable" (dict "name" "MONGODB_URI" "secret" .secret "key" .key) -}}
{{- else -}}
- name: MONGODB_URI_FILE
  value: {{ .file | quote }}
{{- end -}}
{{- end -}}

{{/* Where the migrator's is, as a dict: what is said of it alone wins, by whichever means. */}}
{{- define "conversation.migratorSecret" -}}
{{- $own := .Values.migration.mongodb -}}
{{- $from := or $own.existingSecret $own.uriFile | empty | ternary .Values.mongodb $own -}}
secret: {{ $from.existingSecret | quote }}
key: {{ default .Values.mongodb.uriKey $own.uriKey | quote }}
file: {{ $from.uriFile | quote }}
{{- end -}}

{{- define "conversation.checkConnection" -}}
{{- if not (or .Values.mongodb.existingSecret .Values.mongodb.uriFile) -}}
{{- fail "mongodb.existingSecret is needed: kubectl create secret generic conversations-mongodb --from-file=uri=FILE, and name it" -}}
{{- end -}}
{{- range $name, $mongodb := dict "mongodb" .Values.mongodb "migration.mongodb" .Values.migration.mongodb -}}
{{- include "conversation.checkSecret" (list (printf "%s.uriFile" $name) $mongodb.uriFile "^(/[-._/a-zA-Z0-9]+)?$" "the path of a file") -}}
{{- if and $mongodb.existingSecret $mongodb.uriFile -}}
{{- fail (printf "%s.existingSecret and %s.uriFile exclude each other: keep one of them" $name $name) -}}
{{- end -}}
{{- end -}}
{{- $migrator := include "conversation.migratorSecret" . | fromYaml -}}
{{- if and (eq .Values.migration.gate "operator") (not $migrator.secret) -}}
{{- fail "migration.mongodb.existingSecret is needed: the operator's pods of the migrator have the connection string of a Secret" -}}
{{- end -}}
{{- end -}}
