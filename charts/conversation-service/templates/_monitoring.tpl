{{/* Metrics and alerts that do not go together. */}}

{{- define "conversation.checkMonitoring" -}}
{{- $monitor := .Values.serviceMonitor -}}
{{- if and $monitor.enabled (gt (include "conversation.milliseconds" $monitor.scrapeTimeout | int64) (include "conversation.milliseconds" $monitor.interval | int64)) -}}
{{- fail (printf "serviceMonitor.scrapeTimeout is %s, longer than serviceMonitor.interval, which is %s" $monitor.scrapeTimeout $monitor.interval) -}}
{{- end -}}
{{- if .Values.prometheusRule.enabled -}}
{{- if not $monitor.enabled -}}
{{- fail "prometheusRule.enabled needs serviceMonitor.enabled: without the job that it makes, the alert that no pod answers would never end" -}}
{{- end -}}
{{- if and .Values.keda.enabled (not (int .Values.keda.minReplicas)) -}}
{{- fail "keda.minReplicas is 0, and prometheusRule.enabled alerts whenever no pod answers: keep at least one pod, or leave the alerts out" -}}
{{- end -}}
{{- end -}}
{{- end -}}
