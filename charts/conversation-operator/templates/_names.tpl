{{/* Names of objects and labels. */}}

{{- define "conversation-operator.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "conversation-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "conversation-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The full name with a suffix, cut so that it is a label still: the name of a Service is one. Takes a dict of root and
     suffix. */}}
{{- define "conversation-operator.suffixed" -}}
{{- $room := sub 62 (len .suffix) | int -}}
{{- printf "%s-%s" (include "conversation-operator.fullname" .root | trunc $room | trimSuffix "-") .suffix -}}
{{- end -}}

{{- define "conversation-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "conversation-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* By what Services, monitors and spreading find pods; it may never change. */}}
{{- define "conversation-operator.selector" -}}
app.kubernetes.io/name: {{ include "conversation-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels of a pod. Takes a dict of root and, if there are any, labels of the user's. */}}
{{- define "conversation-operator.podLabels" -}}
{{- $own := include "conversation-operator.selector" .root | fromYaml -}}
{{- $version := default .root.Chart.AppVersion .root.Values.image.tag | trunc 63 | trimSuffix "-" -}}
{{- $_ := set $own "app.kubernetes.io/version" $version -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "conversation-service" -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- merge $own (deepCopy (default dict .labels)) (deepCopy .root.Values.commonLabels) | toYaml -}}
{{- end -}}

{{/* Metadata of an object: labels, and annotations if there are any. Takes a dict of root and, if there are any, labels
     and annotations of the object's own. */}}
{{- define "conversation-operator.metadata" -}}
{{- $labels := include "conversation-operator.podLabels" . | fromYaml -}}
{{- $_ := set $labels "helm.sh/chart" (include "conversation-operator.chart" .root) -}}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with merge (deepCopy (default dict .annotations)) (deepCopy .root.Values.commonAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What runs. A digest keeps its tag beside it, for readers, if one was chosen. */}}
{{- define "conversation-operator.image" -}}
{{- $image := .Values.image -}}
{{- $tag := coalesce $image.tag (empty $image.digest | ternary .Chart.AppVersion "") -}}
{{- printf "%s/%s" $image.registry $image.repository -}}
{{- with $tag }}:{{ . }}{{ end -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}
