-- wrk script: print the whole latency histogram, so that runs can be merged
-- exactly. Lines: "lab hist <usec> <count>" and "lab sum <requests> <usec> <errors>".
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("lab sum %d %d %d\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
  for i = 1, #latency do
    local value, count = latency(i)
    io.write(string.format("lab hist %d %d\n", value, count))
  end
end
