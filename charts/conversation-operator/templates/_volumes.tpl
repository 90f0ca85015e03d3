{{/* Fails unless each volume of the user's has a name of its own, and each mount one of them and a place of its own. */}}
{{- define "conversation-operator.checkVolumes" -}}
{{- $names := list -}}
{{- range .Values.extraVolumes -}}
{{- if has .name $names -}}
{{- fail (printf "extraVolumes has %s, which is there already: use another name" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- $places := list -}}
{{- range .Values.extraVolumeMounts -}}
{{- if not (has .name $names) -}}
{{- fail (printf "extraVolumeMounts has %s, which is none of extraVolumes" .name) -}}
{{- end -}}
{{- $place := trimSuffix "/" .mountPath -}}
{{- if has $place $places -}}
{{- fail (printf "extraVolumeMounts has %s, where there is something mounted already" .mountPath) -}}
{{- end -}}
{{- $places = append $places $place -}}
{{- end -}}
{{- end -}}
