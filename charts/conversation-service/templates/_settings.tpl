{{/* Settings that do not go together. The service would end with the same words; here the rollout does not begin. */}}

{{/* A setting in force, as a text. Takes a list of root and name. */}}
{{- define "conversation.setting" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- if hasKey $root.Values.settings $name -}}
{{- include "conversation.text" (get $root.Values.settings $name) -}}
{{- else -}}
{{- get ($root.Files.Get "files/settings.yaml" | fromYaml) $name -}}
{{- end -}}
{{- end -}}

{{/* A duration as the service reads it, in milliseconds: a number alone is seconds. What is shorter counts as nothing. */}}
{{- define "conversation.milliseconds" -}}
{{- $seconds := dict "s" 1 "m" 60 "h" 3600 "d" 86400 "w" 604800 "M" 2630016 "y" 31557600 -}}
{{- $total := 0 -}}
{{- range regexFindAll "[0-9]+ *[a-zA-Z]*" . -1 -}}
{{- /* Zeros before a number would make it octal. */}}
{{- $number := regexFind "[1-9][0-9]*" . | int64 -}}
{{- $unit := regexFind "[a-zA-Z]+" . | default "s" -}}
{{- if regexMatch "^(ms|msec|millis)$" $unit -}}
{{- $total = add $total $number -}}
{{- else if regexMatch "^mo" $unit -}}
{{- $total = add $total (mul $number 1000 (get $seconds "M")) -}}
{{- else if not (regexMatch "^[nu]" $unit) -}}
{{- $total = add $total (mul $number 1000 (get $seconds (trunc 1 $unit))) -}}
{{- end -}}
{{- end -}}
{{- $total -}}
{{- end -}}

{{- define "conversation.checkSettings" -}}
{{- $root := . -}}
{{- $request := include "conversation.setting" (list . "REQUEST_TIMEOUT") -}}
{{- $whole := include "conversation.milliseconds" $request | int64 -}}
{{- range list "BODY_READ_TIMEOUT" "MONGODB_OPERATION_TIMEOUT" -}}
{{- $part := include "conversation.setting" (list $root .) -}}
{{- if ge (include "conversation.milliseconds" $part | int64) $whole -}}
{{- fail (printf "settings.%s is %s, not shorter than settings.REQUEST_TIMEOUT, which includes it and is %s" . $part $request) -}}
{{- end -}}
{{- end -}}
{{- $body := include "conversation.setting" (list . "MAX_BODY_BYTES") -}}
{{- range list "MAX_PAYLOAD_BYTES" "MAX_METADATA_BYTES" -}}
{{- $part := include "conversation.setting" (list $root .) -}}
{{- if gt (int64 $part) (int64 $body) -}}
{{- fail (printf "settings.%s is %s, larger than settings.MAX_BODY_BYTES, which includes it and is %s" . $part $body) -}}
{{- end -}}
{{- end -}}
{{- $nesting := include "conversation.setting" (list . "MAX_NESTING") -}}
{{- if gt (int64 $nesting) 90 -}}
{{- fail (printf "settings.MAX_NESTING is %s, more than 90, which is as deep as MongoDB stores" $nesting) -}}
{{- end -}}
{{- $sweep := include "conversation.setting" (list . "SWEEP_INTERVAL") -}}
{{- if lt (include "conversation.milliseconds" $sweep | int64) 1000 -}}
{{- fail (printf "settings.SWEEP_INTERVAL is %s, shorter than 1s: sweeping more often only costs" $sweep) -}}
{{- end -}}
{{- $end := int64 .Values.shutdown.timeoutSeconds -}}
{{- if lt (mul $end 1000) $whole -}}
{{- fail (printf "shutdown.timeoutSeconds is %d, shorter than the %s that settings.REQUEST_TIMEOUT gives a request: one in flight would be cut off in each rollout" $end $request) -}}
{{- end -}}
{{- $gateway := .Values.gateway -}}
{{- $patience := include "conversation.milliseconds" $gateway.requestTimeout | int64 -}}
{{- /* To a Gateway, 0 is no limit. */}}
{{- if and $gateway.enabled (gt $patience 0) (le $patience $whole) -}}
{{- fail (printf "gateway.requestTimeout is %s, not longer than settings.REQUEST_TIMEOUT, which is %s: the Gateway would give up before the service says what happened" $gateway.requestTimeout $request) -}}
{{- end -}}
{{- end -}}
