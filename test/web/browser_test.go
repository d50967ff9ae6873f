package web

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/web/browser"
)

// shared starts the browser of all tests. Each test has its own tabs, with cookies and storage of
// their own.
var shared = sync.OnceValues(func() (context.Context, error) {
	tabs, stop, err := browser.Start(context.Background())
	if err == nil {
		stopShared = stop
	}
	return tabs, err
})

var stopShared = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	stopShared()
	os.Exit(code)
}

// tabs returns the context of the browser. Where there is none, the test is skipped, but not in CI.
func tabs(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long to start")
	}
	context, err := shared()
	if errors.Is(err, browser.ErrNone) && os.Getenv("CI") == "" {
		t.Skipf("the fleet page is not tested in a browser: %v", err)
	}
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	return context
}
