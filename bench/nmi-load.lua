-- What wrk tells at its end, as one line of JSON; times in microseconds.
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"tookUs":%d,"p50Us":%d,"p99Us":%d,"failed":%d}\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
