package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	const (
		passed = `{"Action":"output","Package":"a","Test":"TestX","Output":"noise\n"}
{"Action":"pass","Package":"a","Test":"TestX"}
{"Action":"pass","Package":"a","Elapsed":1.25}
{"Action":"skip","Package":"none"}
`
		failed = `{"Action":"output","Package":"b","Test":"TestY","Output":"it broke\n"}
{"Action":"fail","Package":"b","Test":"TestY"}
{"Action":"output","Package":"b","Output":"exit status 1\n"}
{"Action":"fail","Package":"b","Elapsed":0.5}
`
		skipped = `{"Action":"output","Package":"c","Test":"TestZ","Output":"no moon\n"}
{"Action":"skip","Package":"c","Test":"TestZ"}
`
		hung = `{"Action":"output","Package":"e","Test":"TestH","Output":"stuck here\n"}
{"Action":"output","Package":"e","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"e"}
`
		unbuilt = `{"ImportPath":"d","Action":"build-output","Output":"d.go:1: undefined: x\n"}
{"ImportPath":"d","Action":"build-fail"}
{"Action":"fail","Package":"d","FailedBuild":"d"}
`
	)
	for name, test := range map[string]struct {
		in, out, err string
		ci           bool
	}{
		"passed tests are counted and silent": {
			in: passed, ci: true,
			out: "ok    a  1.2s\n1 tests passed, 0 failed, 0 skipped; 1 packages passed, 0 failed\n",
		},
		"a failed test shows what it wrote": {
			in:  passed + failed,
			out: "it broke\nexit status 1\nFAIL  b  0.5s\n1 tests passed, 1 failed, 0 skipped; 1 packages passed, 1 failed\n",
			err: "tests failed",
		},
		"a skipped test is named with its reason": {
			in:  passed + skipped,
			out: "skip  c TestZ\nno moon\n1 tests passed, 0 failed, 1 skipped; 1 packages passed, 0 failed\n",
		},
		"a skipped test fails under CI":               {in: passed + skipped, ci: true, err: "skipped"},
		"a test that never ended shows what it wrote": {in: passed + hung, out: "panic: test timed out\nstuck here\n", err: "tests failed"},
		"what doesn't build shows why":                {in: passed + unbuilt, out: "d.go:1: undefined: x\nFAIL  d", err: "tests failed"},
		"nothing at all fails":                        {in: "go: no such flag\n", out: "go: no such flag\n", err: "no test ran"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := run(strings.NewReader(test.in), &out, test.ci)
			require.Contains(t, out.String(), test.out)
			require.NotContains(t, out.String(), "noise")
			if test.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.err)
			}
		})
	}
}
