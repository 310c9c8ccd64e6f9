{{- define "metrics-service.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* What selects the pods of this release, and of no other in the namespace. */ -}}
{{- define "metrics-service.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "metrics-service.labels" -}}
{{ include "metrics-service.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "metrics-service.image" -}}
{{- .Values.image.repository -}}
{{- if .Values.image.digest -}}@{{ .Values.image.digest }}{{- else -}}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}

{{- /* The ConfigMap of the collectors; nothing where they are those of the image. */ -}}
{{- define "metrics-service.collectors" -}}
{{- if .Values.collectors.configMap -}}
{{- .Values.collectors.configMap -}}
{{- else if .Values.collectors.files -}}
{{- include "metrics-service.fullname" . }}-collectors
{{- end -}}
{{- end -}}

{{- /* Whether anything of the Secret is read. */ -}}
{{- define "metrics-service.readsSecret" -}}
{{- if or (not .Values.databases) .Values.state.url.enabled .Values.token.enabled -}}true{{- end -}}
{{- end -}}

{{- define "metrics-service.validate" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.leaderElection.enabled) -}}
{{- fail "replicas: several need leaderElection.enabled, or each of them asks the database and shows all of it" -}}
{{- end -}}
{{- if and .Values.state.file.enabled (or .Values.leaderElection.enabled .Values.state.url.enabled) -}}
{{- fail "state.file: it is for one replica, and not beside state.url; with leaderElection.enabled take state.url" -}}
{{- end -}}
{{- if and .Values.collectors.configMap .Values.collectors.files -}}
{{- fail "collectors: give files or a configMap, not both" -}}
{{- end -}}
{{- range .Values.databases -}}
{{- if and (gt (len $.Values.databases) 1) (not .name) -}}
{{- fail "databases: several need a name each" -}}
{{- end -}}
{{- end -}}
{{- end -}}
