{{/* Name of the chart. */}}
{{- define "modelarts.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Name of all objects. */}}
{{- define "modelarts.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "modelarts.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "modelarts.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Labels by which pods are found, which never change. */}}
{{- define "modelarts.selector" -}}
app.kubernetes.io/name: {{ include "modelarts.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of all objects. */}}
{{- define "modelarts.labels" -}}
{{ include "modelarts.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "modelarts.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "modelarts.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed without serviceAccount.create" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* An image: dict "root" $ "image" .Values.image */}}
{{- define "modelarts.image" -}}
{{- $registry := .root.Values.global.imageRegistry -}}
{{- $name := .image.repository -}}
{{- if $registry }}{{ $name = printf "%s/%s" $registry $name }}{{ end -}}
{{- if .image.digest }}
{{- printf "%s@%s" $name .image.digest }}
{{- else }}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .image.tag) }}
{{- end }}
{{- end }}

{{- define "modelarts.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What every container may do, which is nothing. */}}
{{- define "modelarts.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "modelarts.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Host of the simulated cloud. */}}
{{- define "modelarts.simulatorHost" -}}
{{ include "modelarts.fullname" . }}-simulator.{{ .Release.Namespace }}.svc
{{- end }}

{{/* The Secret with the keys of the account. */}}
{{- define "modelarts.accountSecret" -}}
{{- default (printf "%s-account" (include "modelarts.fullname" .)) .Values.account.existingSecret }}
{{- end }}

{{/* The operator, as the subject of a binding. */}}
{{- define "modelarts.subject" -}}
- kind: ServiceAccount
  name: {{ include "modelarts.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/*
Annotations of a ModelArtsAccount. Helm cannot make an object of a kind that the same release defines: on the first install
the account is a hook, which comes after the definitions, and carries the marks by which the next upgrade takes it into the
release. It is never deleted to be made anew.
*/}}
{{- define "modelarts.accountAnnotations" -}}
{{- if and .Release.IsInstall (not (.Capabilities.APIVersions.Has "modelarts.huaweicloud.com/v1alpha1/ModelArtsAccount")) -}}
annotations:
  helm.sh/hook: post-install
  helm.sh/hook-delete-policy: hook-failed
  meta.helm.sh/release-name: {{ .Release.Name }}
  meta.helm.sh/release-namespace: {{ .Release.Namespace }}
{{- end }}
{{- end }}
