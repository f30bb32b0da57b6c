{{- define "looks.name" -}}
{{- if contains "looks" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-looks" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "looks.labels" -}}
app.kubernetes.io/name: looks
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What a process's pods are known by: (dict "root" $ "name" ...) */}}
{{- define "looks.selector" -}}
app.kubernetes.io/name: looks
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "looks.image" -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end }}looks-{{ .target }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "looks.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "looks.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{/* The Jobs of an installation run before the chart's own account is there: theirs is made before them. */}}
{{- define "looks.jobsAccount" -}}
{{- if .Values.serviceAccount.create }}{{ include "looks.name" . }}-jobs{{ else }}{{ include "looks.serviceAccount" . }}{{ end }}
{{- end }}

{{- define "looks.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "looks.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Variables of a container: (dict "root" $ "settings" (its own)) */}}
{{- define "looks.env" -}}
- name: LOOKS_SECRETS_DIR
  value: /etc/looks/secrets
- name: LOOKS_INSTANCE
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- range $name, $value := merge (dict) .settings .root.Values.settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- with .root.Values.s3Secret }}
{{- range $name := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $.root.Values.s3Secret }}
      key: {{ $name }}
{{- end }}
{{- end }}
{{- end }}

{{- define "looks.mounts" -}}
- name: temporary
  mountPath: /tmp
- name: secrets
  mountPath: /etc/looks/secrets
  readOnly: true
{{- if or .Values.tls.secret .Values.tls.configMap }}
- name: tls
  mountPath: /etc/looks/tls
  readOnly: true
{{- end }}
{{- end }}

{{/* (dict "root" $ "secret" NAME "temporary" SIZE) */}}
{{- define "looks.volumes" -}}
- name: temporary
  emptyDir:
    sizeLimit: {{ .temporary }}
- name: secrets
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
{{- if .root.Values.tls.secret }}
- name: tls
  secret:
    secretName: {{ .root.Values.tls.secret }}
    defaultMode: 0440
{{- else if .root.Values.tls.configMap }}
- name: tls
  configMap:
    name: {{ .root.Values.tls.configMap }}
{{- end }}
{{- end }}

{{- /* Whether a process is deployed: it is not left out, and what it needs is set. */}}
{{- define "looks.runs" -}}
{{- if and .process (dig "enabled" true .process) (or (empty .process.needs) (get .root.Values.settings .process.needs)) }}yes{{ end }}
{{- end }}

{{- /* Whether operators are served. */}}
{{- define "looks.operated" -}}
{{- include "looks.runs" (dict "root" . "process" (get .Values.processes "ops")) }}
{{- end }}

{{/* The pod that runs one command of the command line. */}}
{{- define "looks.commandPod" -}}
{{- $ := .root -}}
metadata:
  labels:
    {{- include "looks.selector" (dict "root" $ "name" .name) | nindent 4 }}
spec:
  restartPolicy: {{ .restart }}
  serviceAccountName: {{ .account }}
  automountServiceAccountToken: false
  securityContext:
    {{- include "looks.podSecurity" $ | nindent 4 }}
  {{- with $.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .name }}
      image: {{ include "looks.image" (dict "root" $ "target" "cli") }}
      imagePullPolicy: {{ $.Values.image.pullPolicy }}
      command: {{ toJson .command }}
      env:
        {{- include "looks.env" (dict "root" $ "settings" $.Values.jobs.settings) | nindent 8 }}
      resources:
        {{- toYaml (.resources | default $.Values.defaults.resources) | nindent 8 }}
      securityContext:
        {{- include "looks.containerSecurity" $ | nindent 8 }}
      volumeMounts:
        {{- include "looks.mounts" $ | nindent 8 }}
  volumes:
    {{- include "looks.volumes" (dict "root" $ "secret" ($.Values.jobs.secret | default $.Values.secret) "temporary" (.temporary | default $.Values.defaults.temporary)) | nindent 4 }}
{{- end }}
