package response

import (
	"errors"
	"io"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

var errTooLarge = errors.New("too large")

func TestCapped_FailsPastItsLimit(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		err  error
	}{
		"less":          {99, nil},
		"just as much":  {100, nil},
		"one byte more": {101, errTooLarge},
		"far more":      {1 << 20, errTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			read, err := io.ReadAll(&Capped{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", c.size))), Left: 100, Err: errTooLarge})
			if c.err == nil {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(c.err))
			}
			g.Expect(read).To(HaveLen(min(c.size, 100)))
		})
	}
}
