# SPDX-License-Identifier: GPL-2.0
# tally.awk: what selftests/lib/run.sh printed, one line per test that ended:
# NAME VERDICT PASSED FAILED SKIPPED SECONDS. A test counts by its results; one that
# failed without a failing result counts one failure, one that was skipped one skip.

function forget() { name = ""; passed = failed = skipped = seconds = 0 }

BEGIN { forget() }

{ sub(/\r$/, "") }

/^# selftests: vrdma: / { forget(); name = $4; next }
/^# ok [0-9]+ .*# SKIP/ { skipped++; next }
/^# ok [0-9]+/ { passed++; next }
/^# not ok [0-9]+/ { failed++; next }

/^(not )?ok [0-9]+ selftests: vrdma: / {
	verdict = $1 == "not" ? "failed" : / # SKIP/ ? "skipped" : "passed"
	if (verdict == "failed" && !failed)
		failed = 1
	if (verdict == "skipped" && !skipped)
		skipped = 1
	if (verdict == "passed" && !passed && !skipped)
		passed = 1
}

/^# seconds: / && name != "" && verdict != "" {
	print name, verdict, passed, failed, skipped, $3
	verdict = ""
	forget()
}
