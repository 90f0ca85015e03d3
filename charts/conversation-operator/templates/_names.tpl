{{/* Names of objects and labels. Each is in quotes where it is used: YAML makes something else of `no`, `123` or `1e5`. */}}

{{/* A text cut to what a label may be, whose ends are letters or digits. Takes a list of the text and its greatest length. */}}
{{- define "conversation-operator.cut" -}}
{{- index . 0 | trunc (index . 1) | trimAll "-_." -}}
{{- end -}}

{{- define "conversation-operator.chart" -}}
{{- include "conversation-operator.cut" (list (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") 63) -}}
{{- end -}}

{{- define "conversation-operator.name" -}}
{{- include "conversation-operator.cut" (list (default .Chart.Name .Values.nameOverride) 63) -}}
{{- end -}}

{{- define "conversation-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- include "conversation-operator.cut" (list (default $full .Values.fullnameOverride) 63) -}}
{{- end -}}

{{/* The full name with a suffix, cut so that it is a label still: the name of a Service is one. Takes a dict of root and
     suffix. */}}
{{- define "conversation-operator.suffixed" -}}
{{- $room := sub 62 (len .suffix) | int -}}
{{- printf "%s-%s" (include "conversation-operator.cut" (list (include "conversation-operator.fullname" .root) $room)) .suffix -}}
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
app.kubernetes.io/name: {{ include "conversation-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels of a pod. Takes a dict of root and, if there are any, labels of the user's. */}}
{{- define "conversation-operator.podLabels" -}}
{{- $own := include "conversation-operator.selector" .root | fromYaml -}}
{{- with include "conversation-operator.tag" .root -}}
{{- $_ := set $own "app.kubernetes.io/version" (include "conversation-operator.cut" (list . 63)) -}}
{{- end -}}
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

{{/* The tag that was chosen, else the chart's version of the operator; nothing beside a digest, of which it may not be true. */}}
{{- define "conversation-operator.tag" -}}
{{- coalesce .Values.image.tag (empty .Values.image.digest | ternary .Chart.AppVersion "") | default "" -}}
{{- end -}}

{{/* Where images are: the chart's own value wins over that of a parent chart. */}}
{{- define "conversation-operator.registry" -}}
{{- coalesce .Values.image.registry .Values.global.imageRegistry | default "" -}}
{{- end -}}

{{/* What runs. A digest keeps its tag beside it, for readers, if one was chosen. */}}
{{- define "conversation-operator.image" -}}
{{- $image := .Values.image -}}
{{- printf "%s/%s" (include "conversation-operator.registry" .) $image.repository -}}
{{- with include "conversation-operator.tag" . }}:{{ . }}{{ end -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}
