# Merge the output of histogram.lua (sorted by kind and value) into one result.
function quantile(q,   i, want, seen) {
	want = q * total
	for (i = 1; i <= n; i++) {
		seen += count[i]
		if (seen >= want) return value[i]
	}
	return n ? value[n] : 0
}
$2 == "sum" { requests += $3; usec += $4; errors += $5 }
$2 == "hist" {
	if (!n || value[n] != $3) value[++n] = $3
	count[n] += $4
	total += $4
}
END {
	seconds = usec / 1e6
	rps = seconds > 0 ? requests / seconds : 0
	p50 = quantile(0.50); p99 = quantile(0.99); max = n ? value[n] : 0
	if (json == "") {
		printf "%d requests in %.2f s (%.1f/s), %d errors, p50 %.1f ms, p99 %.1f ms, max %.1f ms\n",
			requests, seconds, rps, errors, p50 / 1000, p99 / 1000, max / 1000
		exit
	}
	printf "{\"requests\":%d,\"seconds\":%.3f,\"errors\":%d,\"p50_usec\":%d,\"p99_usec\":%d,\"max_usec\":%d,\"rps\":%.2f,\"histogram\":[",
		requests, seconds, errors, p50, p99, max, rps
	for (i = 1; i <= n; i++) printf "%s[%d,%d]", (i > 1 ? "," : ""), value[i], count[i]
	print "]}"
}
