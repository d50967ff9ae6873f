package ratelimit

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"
)

// breaking is a server that closes the connection instead of answering some calls.
func breaking(t *testing.T, calls ...int32) *scm {
	var s *scm
	s = newSCM(t, func(w http.ResponseWriter, _ *http.Request) {
		for _, n := range calls {
			if s.calls.Load() == n {
				panic(http.ErrAbortHandler)
			}
		}
	}, nil)
	return s
}

func TestEveryTryOfAReadIsPaidFor(t *testing.T) {
	for name, c := range map[string]struct {
		breaks []int32
		limit  int64
		// sent is what the server saw of two reads, works whether the second one did.
		sent  int32
		works bool
	}{
		"nothing breaks":               {nil, 10, 2, true},
		"a connection used before":     {[]int32{2}, 10, 3, true},
		"a new connection":             {[]int32{1}, 10, 2, true},
		"twice":                        {[]int32{2, 3}, 10, 3, false},
		"without budget for the other": {[]int32{2}, 2, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := breaking(t, c.breaks...)
			s.all.SetLimits(s.ID(), "only", Limits{RequestsPerHour: c.limit})
			_, err := s.client.Get(s.url)
			g.Expect(err == nil).To(Equal(len(c.breaks) == 0 || c.breaks[0] != 1))
			resp, err := s.client.Get(s.url)
			g.Expect(err == nil).To(Equal(c.works), "%v", err)
			if err == nil {
				g.Expect(resp.Body.Close()).To(Succeed())
			}
			g.Expect(s.calls.Load()).To(Equal(c.sent))
			g.Expect(s.Bucket().hour.used.requests).To(Equal(c.sent))
		})
	}
}

func TestAnEmptyBodyDoesNotShow(t *testing.T) {
	g := NewWithT(t)
	var seen []*http.Request
	s := newSCM(t, func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r) }, nil)
	for range 2 {
		resp, err := s.client.Get(s.url)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(resp.Body.Close()).To(Succeed())
	}
	g.Expect(s.http1.Load()).To(BeTrue())
	for _, r := range seen {
		g.Expect(r.ContentLength).To(BeZero())
		g.Expect(r.TransferEncoding).To(BeEmpty())
	}
	g.Expect(seen[1].Header).To(Equal(seen[0].Header))
}
