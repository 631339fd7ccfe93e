-- SPDX-License-Identifier: BSD-3-Clause
-- At the end of a run of wrk: what went well and what did not, as one line of JSON for load.py.
function done(summary, latency)
	local e = summary.errors
	io.write(string.format(
		'WRK {"requests": %d, "bytes": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, ' ..
		'"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\n',
		summary.requests, summary.bytes, summary.duration / 1e6,
		latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
		e.connect, e.read, e.write, e.status, e.timeout))
end
