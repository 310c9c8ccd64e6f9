{{- /* What is mounted, and from where. 288 is 0440: the owner is root, the group the pod's fsGroup. */ -}}
{{- define "metrics-service.volumeMounts" -}}
{{- if include "metrics-service.readsSecret" . }}
- { name: secrets, mountPath: /run/secrets/metrics-service, readOnly: true }
{{- end }}
{{- range .Values.databases }}
{{- if .secret }}
- { name: database-{{ .name | default "default" }}, mountPath: /run/secrets/databases/{{ .name | default "default" }}, readOnly: true }
{{- end }}
{{- end }}
{{- if .Values.tls.enabled }}
- { name: tls, mountPath: /run/secrets/metrics-service-tls, readOnly: true }
{{- end }}
{{- if include "metrics-service.collectors" . }}
- { name: collectors, mountPath: /collectors, readOnly: true }
{{- end }}
{{- if .Values.state.file.enabled }}
- { name: state, mountPath: /app/state }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "metrics-service.volumes" -}}
{{- if include "metrics-service.readsSecret" . }}
- name: secrets
  secret: { secretName: {{ .Values.secret | quote }}, defaultMode: 288 }
{{- end }}
{{- range .Values.databases }}
{{- if .secret }}
- name: database-{{ .name | default "default" }}
  secret:
    secretName: {{ .secret.name | quote }}
    defaultMode: 288
    items: [{ key: {{ .secret.password | default "password" | quote }}, path: password }]
{{- end }}
{{- end }}
{{- if .Values.tls.enabled }}
- name: tls
  secret: { secretName: {{ .Values.tls.secret | quote }}, defaultMode: 288 }
{{- end }}
{{- with include "metrics-service.collectors" . }}
- name: collectors
  configMap: { name: {{ . | quote }} }
{{- end }}
{{- if .Values.state.file.enabled }}
- name: state
  persistentVolumeClaim: { claimName: {{ .Values.state.file.existingClaim | default (include "metrics-service.fullname" .) | quote }} }
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
