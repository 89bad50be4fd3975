// The CRDs of the Prometheus operator, as files of an ordinary Go module dependency; nothing of it is built.
module cluster.local/monitoring

go 1.24.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
