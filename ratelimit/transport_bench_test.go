package ratelimit

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"
)

// BenchmarkTransport sends a write to a server on this machine, with a slot through
// the transport of an installation that has every kind of limit, and with a bare
// client over connections that are set up alike.
func BenchmarkTransport(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Ratelimit-Limit", "1000000000")
		w.Header().Set("X-Ratelimit-Remaining", "900000000")
		w.Header().Set("X-Ratelimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id": 4711}`)
	}))
	defer server.Close()

	clk := clock.RealClock{}
	all := NewInstallations(clk)
	defer all.CloseIdleConnections()
	const plenty = 1_000_000_000
	all.SetLimits(acme, "only", Limits{
		RequestsPerHour: plenty, RequestsPerMinute: plenty, PointsPerMinute: plenty,
		WritesPerMinute: plenty, WritesPerHour: plenty, MaxInFlight: defaultInFlight,
	})
	in := all.Get(acme)
	classify := func(_ *http.Request, resp *http.Response, _ []byte, now time.Time) (Feedback, error) {
		return Budget(resp.Header, now), nil
	}
	paying, bare := &http.Client{Transport: in.RoundTripper(classify)}, &http.Client{Transport: newTransport()}
	defer bare.CloseIdleConnections()

	ctx := WithOperation(b.Context(), "github", "create_check_run")
	post := func(client *http.Client, slot *Slot) {
		req, err := http.NewRequestWithContext(WithSlot(ctx, slot), http.MethodPost, server.URL, strings.NewReader(`{"status": "queued"}`))
		if err != nil {
			b.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	took := compare(b, 20, func() {
		slot, _ := in.Bucket().reserve(clk.Now(), b, 1)
		if slot == nil {
			b.Fatal("the bucket has to pay for every write")
		}
		post(paying, slot)
		slot.done(clk.Now())
	}, func() { post(bare, nil) })
	ns, bareNs := took[0], took[1]
	b.ReportMetric(ns, "ns/request")
	b.ReportMetric(bareNs, "bare-ns/request")
	b.ReportMetric(ns-bareNs, "ns-added")
	b.ReportMetric(ns/bareNs, "x-bare")
}
