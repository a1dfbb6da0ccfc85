/**
 * What receivers say when their configuration does not say otherwise. The names are Alertmanager's, so
 * that templates written for it find them; the titles read the same. Links lead into Vigie.
 */
export const DEFAULT_TEMPLATES = `
{{- define "__alertmanager" }}Vigie{{ end }}
{{- define "__alertmanagerURL" }}{{ .ExternalURL }}/alerts?receiver={{ .Receiver | urlquery }}{{ end }}
{{- define "__subject" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }} {{ if gt (len .CommonLabels) (len .GroupLabels) }}({{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join " " }}{{ end }}){{ end }}{{ end }}
{{- define "__description" }}{{ end }}
{{- define "__text_alert_list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }}
{{ end }}{{ end }}
{{- define "__alert_lines" }}{{ range . }}{{ with .Annotations.summary }}{{ . }}{{ else }}{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}{{ end }}{{ with .Annotations.description }}
{{ . }}{{ end }}{{ with .Annotations.sample }}
{{ . }}{{ end }}
{{ end }}{{ end }}
{{- define "__alerts_said" }}{{ if .Alerts.Firing }}{{ template "__alert_lines" .Alerts.Firing }}{{ end }}{{ if .Alerts.Resolved }}Over:
{{ template "__alert_lines" .Alerts.Resolved }}{{ end }}{{ end }}
{{- define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end }}
{{- define "slack.default.callbackid" }}{{ end }}
{{- define "slack.default.pretext" }}{{ end }}
{{- define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "slack.default.iconemoji" }}{{ end }}
{{- define "slack.default.iconurl" }}{{ end }}
{{- define "slack.default.text" }}{{ template "__alerts_said" . }}{{ end }}
{{- define "slack.default.footer" }}{{ end }}
{{- define "discord.default.content" }}{{ end }}
{{- define "discord.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "discord.default.message" }}
{{ if gt (len .Alerts.Firing) 0 }}
Alerts Firing:
{{ template "__text_alert_list" .Alerts.Firing }}
{{ end }}
{{ if gt (len .Alerts.Resolved) 0 }}
Alerts Resolved:
{{ template "__text_alert_list" .Alerts.Resolved }}
{{ end }}
{{ end }}
{{- define "ntfy.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "ntfy.default.message" }}{{ template "__alerts_said" . }}{{ end }}
{{- define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{- define "email.default.text" }}{{ template "__alerts_said" . }}
{{ template "__alertmanagerURL" . }}
{{ end }}
{{- define "__email_alerts" }}{{ range . }}<tr><td style="padding:8px 0;border-top:1px solid #ddd"><b>{{ with .Annotations.summary }}{{ . }}{{ else }}{{ .Labels.alertname }}{{ end }}</b>{{ with .Annotations.description }}<br>{{ . }}{{ end }}{{ with .Annotations.sample }}<pre>{{ . }}</pre>{{ end }}<br><small>{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}</small>{{ with .GeneratorURL }}<br><a href="{{ . }}">Source</a>{{ end }}</td></tr>{{ end }}{{ end }}
{{- define "email.default.html" }}<!DOCTYPE html>
<html><body style="font-family:sans-serif">
<h2 style="color:{{ if eq .Status "firing" }}#b3261e{{ else }}#1e7d34{{ end }}">{{ template "__subject" . }}</h2>
<table>{{ template "__email_alerts" .Alerts.Firing }}</table>
{{ if .Alerts.Resolved }}<h3>Over</h3><table>{{ template "__email_alerts" .Alerts.Resolved }}</table>{{ end }}
<p><a href="{{ template "__alertmanagerURL" . }}">View in Vigie</a></p>
</body></html>
{{ end }}`
