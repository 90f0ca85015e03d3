{{/* Volumes of the user's beside the chart's own. */}}

{{/* Fails unless each volume has a name of its own, and each mount one of them and a place of its own. Takes a dict of the
     values' names `volumes` and `mounts`, and of the lists `given`, `mounted`, `own` and `ownMounts`. */}}
{{- define "conversation.checkVolumes" -}}
{{- $volumes := .volumes -}}
{{- $mounts := .mounts -}}
{{- $names := list -}}
{{- range .own -}}{{- $names = append $names .name -}}{{- end -}}
{{- range .given -}}
{{- if has .name $names -}}
{{- fail (printf "%s has %s, which is there already, by the chart or by another one: use another name" $volumes .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- $places := list -}}
{{- range .ownMounts -}}{{- $places = append $places (trimSuffix "/" .mountPath) -}}{{- end -}}
{{- range .mounted -}}
{{- if not (has .name $names) -}}
{{- fail (printf "%s has %s, which is none of %s" $mounts .name $volumes) -}}
{{- end -}}
{{- $place := trimSuffix "/" .mountPath -}}
{{- if has $place $places -}}
{{- fail (printf "%s has %s, where there is something mounted already" $mounts .mountPath) -}}
{{- end -}}
{{- $places = append $places $place -}}
{{- end -}}
{{- end -}}
