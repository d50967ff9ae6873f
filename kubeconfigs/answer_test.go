package kubeconfigs

import (
	"io"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestAnAnswerEndsAtItsLimit(t *testing.T) {
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
			read, err := io.ReadAll(&capped{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", c.size))), left: 100})
			if c.err == nil {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(c.err))
			}
			g.Expect(read).To(HaveLen(min(c.size, 100)))
		})
	}
}
