// Builds promtool as an ordinary Go module dependency. Without discovery (-tags remove_all_sd), so most of what Prometheus
// requires is not needed, and `go mod tidy` would ask for all of it.
module cluster.local/promtool

go 1.26.7

require github.com/prometheus/prometheus v0.316.0
