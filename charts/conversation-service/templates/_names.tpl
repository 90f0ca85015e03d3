{{/* Names of objects and labels. Each is in quotes where it is used: YAML makes something else of `no`, `123` or `1e5`. */}}

{{/* A text cut to what a label may be, whose ends are letters or digits. Takes a list of the text and its greatest length. */}}
{{- define "conversation.cut" -}}
{{- index . 0 | trunc (index . 1) | trimAll "-_." -}}
{{- end -}}

{{- define "conversation.chart" -}}
{{- include "conversation.cut" (list (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") 63) -}}
{{- end -}}

{{- define "conversation.name" -}}
{{- include "conversation.cut" (list (default .Chart.Name .Values.nameOverride) 63) -}}
{{- end -}}

{{- define "conversation.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- include "conversation.cut" (list (default $full .Values.fullnameOverride) 63) -}}
{{- end -}}

{{/* The full name with a suffix, cut so that it is a label still: names of pods and Jobs become labels.
     Takes a dict of root and suffix. */}}
{{- define "conversation.suffixed" -}}
{{- $room := sub 62 (len .suffix) | int -}}
{{- printf "%s-%s" (include "conversation.cut" (list (include "conversation.fullname" .root) $room)) .suffix -}}
{{- end -}}

{{- define "conversation.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "conversation.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* By what Services, monitors and spreading find pods; it may never change. Takes a dict of root and component. */}}
{{- define "conversation.selector" -}}
app.kubernetes.io/name: {{ include "conversation.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of a pod. Takes a dict of root, component and, if there are any, labels of the user's. */}}
{{- define "conversation.podLabels" -}}
{{- $own := include "conversation.selector" . | fromYaml -}}
{{- with include "conversation.version" .root -}}{{- $_ := set $own "app.kubernetes.io/version" . -}}{{- end -}}
{{- $_ := set $own "app.kubernetes.io/part-of" "conversation-service" -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- merge $own (deepCopy (default dict .labels)) (deepCopy .root.Values.commonLabels) | toYaml -}}
{{- end -}}

{{/* Metadata of an object: labels, and annotations if there are any. Takes a dict of root, component and, if there are
     any, labels and annotations of the object's own. */}}
{{- define "conversation.metadata" -}}
{{- $labels := include "conversation.podLabels" . | fromYaml -}}
{{- $_ := set $labels "helm.sh/chart" (include "conversation.chart" .root) -}}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with merge (deepCopy (default dict .annotations)) (deepCopy .root.Values.commonAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The version that runs, as a label: the tag, since a digest is no label. Empty when only a digest is known. */}}
{{- define "conversation.version" -}}
{{- include "conversation.cut" (list (include "conversation.tag" (list . .Values.image.digest .Values.image.tag "")) 63) -}}
{{- end -}}

{{/* The host name under which the API is reached inside the cluster. */}}
{{- define "conversation.url" -}}
{{- $port := int .Values.service.port -}}
http://{{ include "conversation.fullname" . }}.{{ .Release.Namespace }}{{ if ne $port 80 }}:{{ $port }}{{ end }}
{{- end -}}
