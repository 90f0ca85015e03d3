module conversation.dev/tools/crds

go 1.26.3

// The custom resources of others that the charts can make use of. Nothing of these modules is built.
require (
	github.com/argoproj/argo-cd/v3 v3.5.7
	github.com/fluxcd/helm-controller v1.6.0
	github.com/fluxcd/source-controller v1.9.6
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.91.0
	sigs.k8s.io/gateway-api v1.6.3
)
