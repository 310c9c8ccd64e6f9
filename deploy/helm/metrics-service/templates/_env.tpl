{{- /* The environment of the service. */ -}}
{{- define "metrics-service.env" -}}
{{- $secrets := "/run/secrets/metrics-service" -}}
{{- if .Values.databases }}
{{- $urls := list }}
{{- range .Values.databases }}
{{- $urls = append $urls (ternary (printf "%s=%s" .name .url) .url (not (empty .name))) }}
{{- end }}
- name: DATABASE_URL
  value: {{ join " " $urls | quote }}
{{- range .Values.databases }}
{{- $prefix := "DATABASE" }}
{{- if .name }}{{ $prefix = printf "DATABASE_%s" (.name | upper | replace "-" "_") }}{{ end }}
{{- if .secret }}
{{- if .secret.user }}
- name: {{ $prefix }}_USER
  valueFrom: { secretKeyRef: { name: {{ .secret.name | quote }}, key: {{ .secret.user | quote }} } }
{{- end }}
- name: {{ $prefix }}_PASSWORD_FILE
  value: /run/secrets/databases/{{ .name | default "default" }}/password
{{- end }}
{{- end }}
{{- else }}
- name: DATABASE_URL_FILE
  value: {{ $secrets }}/database-url
{{- end }}
{{- if .Values.leaderElection.enabled }}
- name: LEADER_ELECTION
  value: "true"
{{- end }}
{{- if .Values.state.url.enabled }}
- name: STATE_URL_FILE
  value: {{ $secrets }}/state-url
{{- end }}
{{- if .Values.state.file.enabled }}
- name: STATE_FILE
  value: /app/state/counters.json
{{- end }}
{{- if .Values.tls.enabled }}
- name: TLS_CERT_FILE
  value: /run/secrets/metrics-service-tls/tls.crt
- name: TLS_KEY_FILE
  value: /run/secrets/metrics-service-tls/tls.key
{{- if .Values.tls.clientCertificates }}
- name: TLS_CLIENT_CA_FILE
  value: /run/secrets/metrics-service-tls/ca.crt
{{- end }}
{{- end }}
{{- if .Values.token.enabled }}
- name: METRICS_TOKEN_FILE
  value: {{ $secrets }}/metrics-token
{{- end }}
{{- if include "metrics-service.collectors" . }}
- name: COLLECTORS_FOLDER
  value: /collectors
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  {{- /* Helm reads each number as a floating one, and would write 1000000 as 1e+06. */}}
  value: {{ ternary (int64 $value) $value (kindIs "float64" $value) | toString | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
